// Keeps what is typed in this browser until the server has it; sent.js lets it go.
import { say, words } from './say.js'
import { draftKey, local, SENT, session, stored } from './stores.js'

export function keepDraft(composer, text) {
  const key = draftKey(composer)
  const note = composer.querySelector('[data-saved]')
  let waiting
  let changed = false

  function tell(message, at) {
    const time = new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' })
    note.textContent = message.replace('{time}', time)
  }

  function save() {
    const at = Date.now()
    const draft = JSON.stringify({ text: text.value, at })
    const kept = stored(local, store => {
      if (text.value) store.setItem(key, draft)
      else store.removeItem(key)
      return true
    })
    if (kept && text.value) tell(note.dataset.saved, at)
  }

  const draft = JSON.parse(stored(local, store => store.getItem(key)) || 'null')
  if (draft?.text && !text.value) {
    text.value = draft.text
    tell(note.dataset.restored, draft.at)
  }

  text.addEventListener('input', () => {
    changed = true
    clearTimeout(waiting)
    waiting = setTimeout(save, 2000)
  })
  addEventListener('pagehide', () => changed && save())
  text.form.addEventListener('submit', event => {
    if (changed) save()
    if (!navigator.onLine) {
      event.preventDefault()
      say(words.offline)
    } else if (event.submitter?.name !== 'do') {
      stored(session, store => store.setItem(SENT, key))
    }
  })
}

// What writing gains from script: toolbar, smart paste, preview in place, a draft that survives, similar threads while typing.
import '@github/markdown-toolbar-element'
import { subscribe } from '@github/paste-markdown'
import { keepDraft } from './drafts.js'
import { previewInPlace } from './preview.js'
import './similar.js'

const KEYS = { b: 'bold', i: 'italic', e: 'code', k: 'link' }

// Enter and the space bar click a button by themselves; the toolbar would act on them a second time.
function once(event) {
  if (event.key === 'Enter' || event.key === ' ') event.stopPropagation()
}

for (const composer of document.querySelectorAll('.composer')) {
  const text = composer.querySelector('textarea')
  const toolbar = composer.querySelector('markdown-toolbar')
  toolbar?.addEventListener('keydown', once, true)
  subscribe(text)
  previewInPlace(composer, text)
  if (composer.dataset.draft) keepDraft(composer, text)
  text.addEventListener('keydown', event => {
    if (!event.ctrlKey && !event.metaKey) return
    if (event.key === 'Enter') text.form.requestSubmit(text.form.querySelector('.btn.primary[type=submit]') ?? undefined)
    const button = KEYS[event.key] && toolbar?.querySelector(`[data-md-button=${KEYS[event.key]}]`)
    if (button) {
      event.preventDefault()
      button.click()
    }
  })
}

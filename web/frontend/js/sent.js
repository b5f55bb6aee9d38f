// A draft goes when its form was sent and a new page came of it. It stays when the page shows the text again to be mended,
// says that something failed, or asks to sign in, and when it was only loaded anew.
import { draftKey, local, SENT, session, stored } from './stores.js'

const sent = stored(session, store => store.getItem(SENT))
if (sent) {
  stored(session, store => store.removeItem(SENT))
  const [navigation] = performance.getEntriesByType('navigation')
  const composer = [...document.querySelectorAll('.composer[data-draft]')].find(one => draftKey(one) === sent)
  const unfinished = composer?.querySelector('textarea').value || document.querySelector('[data-unfinished], main [type=password]')
  if (navigation?.type === 'navigate' && !unfinished) stored(local, store => store.removeItem(sent))
}

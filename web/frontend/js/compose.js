// What writing gains from script: toolbar, smart paste, preview in place, a draft that survives, similar threads while typing.
import '@github/markdown-toolbar-element'
import { subscribe } from '@github/paste-markdown'
import { keepDraft } from './drafts.js'
import { previewInPlace } from './preview.js'
import './similar.js'

for (const composer of document.querySelectorAll('.composer')) {
  const text = composer.querySelector('textarea')
  subscribe(text)
  previewInPlace(composer, text)
  if (composer.dataset.draft) keepDraft(composer, text)
  text.addEventListener('keydown', event => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      text.form.requestSubmit(text.form.querySelector('.btn.primary[type=submit]') ?? undefined)
    }
  })
}

// Single-key shortcuts: every control with data-hotkey, j and k through lists, and ? for the list of them all.
// Elements that are typed into never react; <html data-keys="off"> turns all of it off (WCAG 2.1.4).
import { install } from '@github/hotkey'
import { words } from './say.js'

function typing(target) {
  return target.matches?.('input, textarea, select, [contenteditable]')
}

function move(step) {
  const links = [...document.querySelectorAll('.threads :is(h2, h3) a, .ideas h2 a')]
  const at = links.indexOf(document.activeElement)
  links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step]?.focus()
}

function name(control) {
  return (control.getAttribute('aria-label') || control.labels?.[0]?.textContent || control.textContent).trim()
}

function list() {
  const dialog = document.createElement('dialog')
  dialog.innerHTML = '<h2></h2><dl class="kv gap"></dl><form method="dialog" class="gap"><button class="btn"></button></form>'
  dialog.querySelector('h2').textContent = words.keys
  dialog.querySelector('button').textContent = words.close
  const rows = [...document.querySelectorAll('[data-hotkey]')].map(control => [control.dataset.hotkey, name(control)])
  for (const [key, what] of [...rows, ['j k', words.move], ['?', words.keys]]) {
    const [term, meaning, keys] = ['dt', 'dd', 'kbd'].map(tag => document.createElement(tag))
    keys.textContent = key
    meaning.textContent = what
    term.append(keys)
    dialog.querySelector('dl').append(term, meaning)
  }
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}

if (document.documentElement.dataset.keys !== 'off') {
  for (const control of document.querySelectorAll('[data-hotkey]')) install(control)
  document.addEventListener('keydown', event => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return
    if (event.key === 'j') move(1)
    else if (event.key === 'k') move(-1)
    else if (event.key === '?' && !document.querySelector('dialog[open]')) list()
  })
}

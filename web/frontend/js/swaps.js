// Forms that change one part of a page put that part in place instead of loading the page anew. The server answers such a
// form as it answers every form; what is left to decide here is what happens when the part is not in the answer.
import htmx from 'htmx.org/dist/htmx.esm.js'
import { say, words } from './say.js'

htmx.config.includeIndicatorCSS = false

document.addEventListener('htmx:before:request', ({ detail: { ctx } }) => ctx.sourceElement.setAttribute('aria-busy', 'true'))
document.addEventListener('htmx:finally:request', ({ detail: { ctx } }) => ctx.sourceElement.removeAttribute('aria-busy'))
document.addEventListener('htmx:error', () => say(words.offline))
document.addEventListener('htmx:after:request', event => {
  const { ctx } = event.detail
  const answer = new DOMParser().parseFromString(ctx.text, 'text/html')
  if (ctx.response.status >= 400) {
    event.preventDefault()
    say(answer.querySelector('main .empty p')?.textContent || words.failed)
  } else if (ctx.select && !answer.querySelector(ctx.select)) {
    event.preventDefault()
    location.assign(ctx.response.raw.url)
  }
})

// While a title is typed, threads that look alike appear under it. <div data-similar="/address" data-from="id of the title">
const region = document.querySelector('[data-similar]')
const title = region && document.getElementById(region.dataset.from)
let waiting
let asking
let asked = title?.value.trim()

async function look() {
  const words = title.value.trim()
  if (words === asked || words.split(/\s+/).length < 3) return
  asked = words
  asking?.abort()
  asking = new AbortController()
  try {
    const answer = await fetch(`${region.dataset.similar}?${new URLSearchParams({ title: words })}`, {
      headers: { 'HX-Request': 'true' },
      signal: asking.signal,
    })
    if (answer.ok && !answer.redirected) region.innerHTML = await answer.text()
  } catch {
    // it was overtaken by the next one, or the network is away: what is shown stays
  }
}

title?.addEventListener('input', () => {
  clearTimeout(waiting)
  waiting = setTimeout(look, 300)
})

// The kind of what is being typed goes along with "this solved it", as it stands by now; nothing else of it does.
document.getElementById('solved')?.addEventListener('submit', event => {
  const chosen = document.getElementById('kind')
  if (chosen) event.target.elements.kind.value = chosen.value
})

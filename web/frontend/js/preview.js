// Write and Preview are submit buttons; here the preview comes in place, made by the server as it will be published.
// Whatever goes wrong, the button does what it does without script.
export function previewInPlace(composer, text) {
  const pane = composer.querySelector('[data-preview]')
  const [write, preview] = composer.querySelectorAll('button[name=do]')
  const toolbar = composer.querySelector('.toolbar')

  function show(isPreview) {
    pane.hidden = !isPreview
    if (toolbar) toolbar.hidden = isPreview
    write.setAttribute('aria-pressed', String(!isPreview))
    preview.setAttribute('aria-pressed', String(isPreview))
    if (!isPreview) text.focus()
  }

  async function fetched() {
    const form = new FormData(text.form)
    const body = new URLSearchParams({ body: text.value, csrf: form.get('csrf') ?? '' })
    const answer = await fetch('/preview', { method: 'POST', body, headers: { 'HX-Request': 'true' } })
    if (!answer.ok || answer.redirected) throw new Error(answer.statusText)
    return answer.text()
  }

  write.addEventListener('click', event => {
    event.preventDefault()
    show(false)
  })
  preview.addEventListener('click', async event => {
    if (preview.dataset.plain) return
    event.preventDefault()
    preview.setAttribute('aria-busy', 'true')
    try {
      pane.innerHTML = await fetched()
      show(true)
    } catch {
      preview.dataset.plain = '1'
      preview.click()
    } finally {
      preview.removeAttribute('aria-busy')
    }
  })
}

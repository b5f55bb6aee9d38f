// Says something in the page's one status region. The words come translated from the page.
const region = document.getElementById('toasts')

export function say(text, state = 'danger') {
  const toast = document.createElement('div')
  toast.className = `toast is-${state}`
  const words = document.createElement('span')
  words.textContent = text
  toast.append(words)
  region.replaceChildren(toast)
}

export const words = region.dataset

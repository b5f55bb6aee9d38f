// The footer's theme shows at once what would be applied; the button keeps it.
document.querySelector('#theme')?.addEventListener('change', ({ target }) => {
  if (target.value === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = target.value
})

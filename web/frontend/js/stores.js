// The browser's own stores, for drafts.
export const SENT = 'loggia-sent'

export function stored(storage, act) {
  try {
    return act(storage())
  } catch {
    return null // the store is full or forbidden: then there is no draft, and typing goes on
  }
}

export const local = () => localStorage
export const session = () => sessionStorage

export function draftKey(composer) {
  return `loggia-draft:${composer.dataset.draft}`
}

// Moments arrive in UTC, spelled out, so that a page may be kept and read without script. Here they become the reader's own:
// data-t="at" in their zone, data-t="ago" as the time that has passed, told again every minute. Their zone is the one that they
// chose (data-zone of the page), else the browser's.
const language = document.documentElement.lang === 'en' ? 'en-GB' : document.documentElement.lang
const timeZone = known(document.documentElement.dataset.zone)
const moments = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone })
const days = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone })
const whole = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'long', timeZone })
const short = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' })
const long = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })

function known(zone) {
  try {
    new Intl.DateTimeFormat(language, { timeZone: zone })
    return zone
  } catch {
    return undefined
  }
}

function ago(moment) {
  const minutes = Math.floor((Date.now() - moment) / 60000)
  if (minutes < 1) return long.format(0, 'second')
  if (minutes < 60) return short.format(-minutes, 'minute').replace('.', '')
  if (minutes < 24 * 60) return short.format(-Math.floor(minutes / 60), 'hour').replace('.', '')
  if (minutes < 7 * 24 * 60) return long.format(-Math.floor(minutes / 1440), 'day')
  return days.format(moment)
}

export function tell(root) {
  for (const time of root.querySelectorAll('time[data-t]')) {
    const moment = new Date(time.dateTime)
    const said = time.dataset.t === 'ago' ? ago(moment) : moments.format(moment)
    if (time.textContent !== said) time.textContent = said
    time.title ||= whole.format(moment)
  }
}

tell(document)
setInterval(() => document.hidden || tell(document), 60000)
document.addEventListener('htmx:after:swap', () => tell(document))

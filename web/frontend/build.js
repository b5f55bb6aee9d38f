// Bundles styles and scripts into dist/, under names that carry a hash of their content, with a manifest of plain names.
// dist/ is made beside and moved into place, so a site that starts meanwhile sees the old one or the new one, whole.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync, existsSync } from 'node:fs'
import { dirname, extname, basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const draft = join(here, `dist.${process.pid}`)
const manifest = {}

function keep(name, body) {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 10)
  manifest[name] = `${basename(name, extname(name))}.${hash}${extname(name)}`
  writeFileSync(join(draft, manifest[name]), body)
}

async function bundle() {
  const made = await build({
    absWorkingDir: here,
    entryPoints: { site: 'css/site.css', read: 'js/read.js', compose: 'js/compose.js' },
    outdir: 'dist',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    legalComments: 'none',
    target: ['chrome123', 'firefox121', 'safari17.5'],
  })
  for (const file of made.outputFiles) keep(basename(file.path), file.contents)
}

function pictures() {
  for (const name of readdirSync(join(here, 'img')).sort()) keep(name, readFileSync(join(here, 'img', name)))
}

// The licences of what is bundled ask to travel with it.
function licences() {
  const packages = Object.keys(JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).dependencies)
  const texts = packages.map(name => {
    const folder = join(here, 'node_modules', name)
    const file = readdirSync(folder).find(one => /^licen[cs]e/i.test(one))
    return `${name}\n\n${file ? readFileSync(join(folder, file), 'utf8') : ''}`
  })
  keep('licences.txt', texts.join('\n\n'))
}

rmSync(draft, { recursive: true, force: true })
mkdirSync(draft)
try {
  await bundle()
  pictures()
  licences()
  writeFileSync(join(draft, 'manifest.json'), JSON.stringify(manifest, null, 2))
  const old = join(here, `dist.old.${process.pid}`)
  if (existsSync(join(here, 'dist'))) renameSync(join(here, 'dist'), old)
  renameSync(draft, join(here, 'dist'))
  rmSync(old, { recursive: true, force: true })
} finally {
  rmSync(draft, { recursive: true, force: true })
}

// What a page that is read can do with script. Nothing here is needed to read, search, vote or sign in.
import './times.js'
import './keys.js'
import './swaps.js'
import './theme.js'
import './sent.js'

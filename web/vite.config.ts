import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import manifest from '../package.json' with { type: 'json' }

/** The scene and what it imports come with the page's own script: else the first picture waits for one way after another. */
const preloadScene = (): Plugin => ({
  name: 'preload-scene',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler: (_, { bundle }) => {
      const chunks = Object.values(bundle ?? {}).filter((file) => file.type === 'chunk')
      const known = new Set(chunks.flatMap((chunk) => (chunk.isEntry ? [chunk.fileName, ...chunk.imports] : [])))
      return chunks
        .flatMap((chunk) => (chunk.name === 'SceneView' ? [chunk.fileName, ...chunk.imports] : []))
        .filter((fileName) => !known.has(fileName))
        .map((fileName) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `/${fileName}` },
          injectTo: 'head' as const,
        }))
    },
  },
})

/** Descriptions of controllers that the XR library asks for; any other is taken for the first. Their models are never drawn. */
const CONTROLLER_PROFILES = ['generic-trigger', 'generic-trigger-squeeze-thumbstick', 'meta-quest-touch-plus']

/** They come from our own origin: the library would fetch them from elsewhere. */
const shipControllerProfiles = (): Plugin => ({
  name: 'ship-controller-profiles',
  apply: 'build',
  generateBundle() {
    const entry = createRequire(import.meta.url).resolve('@webxr-input-profiles/assets/package.json')
    const folder = join(dirname(entry), 'dist/profiles')
    const list = Object.fromEntries(CONTROLLER_PROFILES.map((name) => [name, { path: `${name}/profile.json` }]))
    this.emitFile({ type: 'asset', fileName: 'profiles/profilesList.json', source: JSON.stringify(list) })
    for (const name of CONTROLLER_PROFILES) {
      const profile: unknown = JSON.parse(readFileSync(join(folder, name, 'profile.json'), 'utf8'))
      this.emitFile({ type: 'asset', fileName: `profiles/${name}/profile.json`, source: JSON.stringify(profile) })
    }
  },
})

/**
 * What the XR library imports and we never use stays out: a headset's emulator (6 MB, brought along even where it is switched
 * off), and the loader for models of hands and controllers, which are shapes of our own.
 */
const NEVER_USED = [
  {
    source: /^\.\/emulate\.js$/,
    id: '\0no-emulator',
    code: 'export const emulate = () => { throw new Error("there is no emulator in here") }',
  },
  {
    source: /\/loaders\/GLTFLoader\.js$/,
    id: '\0no-models',
    code: 'export class GLTFLoader { load() { throw new Error("no models are loaded in here") } }',
  },
]

const leaveUnusedOut = (): Plugin => ({
  name: 'leave-unused-out',
  enforce: 'pre',
  resolveId: (source, importer) =>
    /\/@(pmndrs|react-three)\/xr\//.test(importer ?? '')
      ? (NEVER_USED.find((one) => one.source.test(source))?.id ?? null)
      : null,
  load: (id) => NEVER_USED.find((one) => one.id === id)?.code ?? null,
})

/** What a shader says to its readers alone stays out: a minifier takes it for text. Lines stay where they are. */
const shortenShaders = (): Plugin => ({
  name: 'shorten-shaders',
  apply: 'build',
  enforce: 'pre',
  transform: (code) =>
    code.includes('/* glsl */')
      ? {
          code: code.replace(/\/\* glsl \*\/ `[^`]*`/g, (shader) =>
            shader
              .replace(/^\/\* glsl \*\/ /, '')
              .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
              .replace(/\/\/.*$/gm, '')
              .replace(/^[ \t]+|[ \t]+$/gm, ''),
          ),
          map: null,
        }
      : null,
})

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), preloadScene(), leaveUnusedOut(), shipControllerProfiles(), shortenShaders()],
  define: { __VERSION__: JSON.stringify(manifest.version) },
  // The server puts a fresh nonce in its place for each answer.
  html: { cspNonce: '__CSP_NONCE__' },
  worker: { format: 'es' },
  build: {
    outDir: process.env.SWARMSCOPE_WEB_OUT ?? `${import.meta.dirname}/../dist/web`,
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    // The CSP lets fonts come from files of ours only, not from data: URLs.
    assetsInlineLimit: 0,
    // One file: a part that is asked for again would not bring its style a second time.
    cssCodeSplit: false,
    // three and R3F are one chunk of a megabyte (260 KB compressed), loaded after the list.
    chunkSizeWarningLimit: 1_200,
  },
  server: {
    proxy: {
      '/api': {
        target: process.env.SWARMSCOPE_DEV_TARGET ?? 'http://127.0.0.1:8080',
        ws: true,
        changeOrigin: true,
      },
    },
  },
})

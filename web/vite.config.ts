import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import manifest from '../package.json' with { type: 'json' }

/** The scene's chunk comes with the page's own script, not after it: else the first picture waits for two ways in a row. */
const preloadScene = (): Plugin => ({
  name: 'preload-scene',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler: (_, { bundle }) =>
      Object.values(bundle ?? {})
        .filter((file) => file.type === 'chunk' && file.name === 'SceneView')
        .map(({ fileName }) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `/${fileName}` },
          injectTo: 'head' as const,
        })),
  },
})

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), preloadScene()],
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

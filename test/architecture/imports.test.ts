// [ARCHITECTURE] Who may import whom: the arrow of the data flow, held by parsing every import there is.

import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'vite'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const PARTS = ['protocol', 'platform', 'relay', 'server', 'web'] as const
type Part = (typeof PARTS)[number]

/** What of ours each part may import besides itself. */
const MAY_IMPORT: Record<Part, readonly Part[]> = {
  protocol: [],
  platform: ['protocol'],
  relay: ['protocol', 'platform'],
  server: ['protocol', 'platform'],
  web: ['protocol'],
}
const MAY_USE_NODE: ReadonlySet<Part> = new Set(['platform', 'relay', 'server'])
/** Packages that `protocol/` may use: neither of them knows Node or the DOM. */
const PROTOCOL_PACKAGES: ReadonlySet<string> = new Set(['zod'])
/** Tools read it at build time; it never reaches the page. */
const NOT_SHIPPED: ReadonlySet<string> = new Set(['web/vite.config.ts'])

interface Node {
  type: string
  [field: string]: unknown
}
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Partial<Node>).type === 'string'

function* walk(node: Node): Iterable<Node> {
  yield node
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* walk(child)
  }
}

const parse = (file: string, source: string): Node =>
  parseAst(source, { lang: file.endsWith('x') ? 'tsx' : 'ts' }) as unknown as Node

/** Every specifier that a module names: imports, re-exports, `import()`, `require()`, import types; in web/ also workers. */
function importsOf(file: string, source: string): string[] {
  const found: string[] = []
  for (const node of walk(parse(file, source))) {
    const specifier = specifierOf(node, partOf(file) === 'web')
    if (specifier !== undefined) found.push(specifier)
  }
  return found
}

function specifierOf(node: Node, isBundled: boolean): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
    case 'TSExternalModuleReference':
      return textOf(node.source ?? node.argument ?? node.expression)
    case 'NewExpression':
      // How a bundler is told of a worker; elsewhere it is a path, and starting the relay as a process is no import.
      return isBundled && isCallOf(node, 'URL') && isOwnUrl(node.arguments[1]) ? textOf(node.arguments[0]) : undefined
    case 'CallExpression':
      return isCallOf(node, 'require') ? textOf(node.arguments[0]) : undefined
    default:
      return undefined
  }
}

const isCallOf = (node: Node, name: string): node is Node & { arguments: unknown[] } =>
  isNode(node.callee) && node.callee.name === name && Array.isArray(node.arguments)

/** `import.meta.url` */
const isOwnUrl = (node: unknown): boolean =>
  isNode(node) && node.type === 'MemberExpression' && isNode(node.object) && node.object.type === 'MetaProperty'

function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'TSLiteralType') return textOf(node.literal)
  return typeof node.value === 'string' ? node.value : undefined
}

const partOf = (file: string): Part | undefined => PARTS.find((part) => file.startsWith(`${part}/`))
const isOfNode = (specifier: string) =>
  specifier.startsWith('node:') || builtinModules.includes(specifier.split('/')[0] ?? '')
const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

/** What is wrong with the imports of one file, in words. `file` from the root, with slashes. */
function violations(file: string, source: string): string[] {
  const part = partOf(file)
  if (!part || NOT_SHIPPED.has(file)) return []
  return importsOf(file, source).flatMap((specifier) => {
    if (specifier.startsWith('.')) {
      const target = posix.normalize(posix.join(posix.dirname(file), specifier))
      const other = partOf(target)
      if (other === part || (other && MAY_IMPORT[part].includes(other))) return []
      return [`${file} imports ${target}`]
    }
    if (specifier.startsWith('/')) return [`${file} imports ${specifier}`]
    if (isOfNode(specifier) && !MAY_USE_NODE.has(part)) return [`${file} imports ${specifier}, and is not for Node`]
    if (part === 'protocol' && !PROTOCOL_PACKAGES.has(packageOf(specifier))) return [`${file} imports ${specifier}`]
    return []
  })
}

/** Statements that do something when a module is imported: calls for their effect, loops, branches. */
function effects(file: string, source: string): string[] {
  const { body } = parse(file, source) as Node & { body: Node[] }
  return body
    .filter((statement) => /^(?:For|While|DoWhile|If|Switch|Try|Throw|Labeled|Expression)/.test(statement.type))
    .filter((statement) => !isDirectiveOrTypeProof(statement))
    .map(
      (statement) =>
        `${file} does something when imported: ${source.slice(Number(statement.start), Number(statement.end)).slice(0, 80)}`,
    )
}

function isDirectiveOrTypeProof({ expression }: Node): boolean {
  // 'use strict', or `true satisfies …`: says something to the compiler alone.
  return isNode(expression) && (typeof expression.value === 'string' || expression.type === 'TSSatisfiesExpression')
}

function filesOf(part: Part): string[] {
  return readdirSync(join(ROOT, part), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|tsx|mts|js|mjs)$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !file.includes('node_modules/'))
}

const sourceOf = (file: string) => readFileSync(join(ROOT, file), 'utf8')

describe.each(PARTS)('%s/', (part) => {
  const files = filesOf(part)

  it('imports only what it may', () => {
    expect(files.flatMap((file) => violations(file, sourceOf(file)))).toEqual([])
  })

  it('does nothing when it is imported, but for main', () => {
    const modules = files.filter((file) => !/\/main\.tsx?$/.test(file) && !isEntry(file))
    expect(modules.flatMap((file) => effects(file, sourceOf(file)))).toEqual([])
  })
})

/** What a process or a worker begins with is a main of its own; its name says so. */
const isEntry = (file: string) =>
  /(?:Worker|worker|Process)\.ts$/.test(file) && /onmessage|parentPort|process\.on/.test(sourceOf(file))

describe('the rule itself', () => {
  it.each([
    ['protocol/a.ts', "import { x } from '../server/main.ts'"],
    ['protocol/a.ts', "import { readFileSync } from 'node:fs'"],
    ['protocol/a.ts', "import { readFileSync } from 'fs/promises'"],
    ['protocol/a.ts', "import React from 'react'"],
    ['platform/a.ts', "import { x } from '../relay/ws.ts'"],
    ['relay/watch/a.ts', "import { x } from '../../server/main.ts'"],
    ['relay/a.ts', "export * from '../web/main.tsx'"],
    ['relay/a.ts', "export { x } from '../web/main.tsx'"],
    ['server/hub/a.ts', "const x = await import('../../relay/ws.ts')"],
    ['server/a.ts', "import type { X } from '../web/store/x.ts'"],
    ['server/a.ts', "let x: import('../relay/ws.ts').X"],
    ['server/a.ts', "const x = require('../relay/ws.ts')"],
    ['web/a.tsx', "import { x } from '../platform/log.ts'; const y = <div />"],
    ['web/a.ts', "new Worker(new URL('../server/x.ts', import.meta.url))"],
    ['web/a.ts', "import '../../elsewhere.ts'"],
    ['web/a.ts', "import { readFileSync } from 'node:fs'"],
    ['web/a.ts', "import '/etc/x.ts'"],
  ])('finds what is wrong in %s: %s', (file, source) => {
    expect(violations(file, source)).toHaveLength(1)
  })

  it.each([
    ['protocol/a.ts', "import { z } from 'zod'; import { x } from './b.ts'"],
    ['platform/a.ts', "import { x } from '../protocol/a.ts'; import pino from 'pino'; import { y } from 'node:fs'"],
    [
      'relay/watch/a.ts',
      "import { x } from '../../protocol/a.ts'; import { y } from '../../platform/b.ts'; import { z } from '../ws.ts'",
    ],
    ['server/a.ts', "import express from 'express'; export * from './b.ts'"],
    ['web/a.tsx', "import { x } from '../protocol/a.ts'; import { Canvas } from '@react-three/fiber'"],
    ['web/a.ts', "new Worker(new URL('./layout/worker.ts', import.meta.url), { type: 'module' })"],
    ['server/relayProcess.ts', "const program = new URL('../relay/main.js', import.meta.url)"],
    ['web/a.ts', "const stream = new URL('/api/v1/stream', location.href)"],
    ['web/vite.config.ts', "import { resolve } from 'node:path'"],
    ['web/a.ts', "// import { x } from '../server/x.ts'\nconst text = \"import '../server/x.ts'\""],
  ])('lets pass what is right in %s: %s', (file, source) => {
    expect(violations(file, source)).toEqual([])
  })

  it.each(['start()', 'await main()', 'if (x) y()', 'for (const a of b) c(a)', 'process.title = "x"', 'new Server()'])(
    'finds an effect: %s',
    (source) => {
      expect(effects('server/a.ts', source)).toHaveLength(1)
    },
  )

  it.each([
    'const a = new Map()',
    'export function b() { start() }',
    'true satisfies boolean',
    "'use strict'",
    'class C {}',
  ])('finds none: %s', (source) => {
    expect(effects('server/a.ts', source)).toEqual([])
  })

  it('looks at every folder of the build', () => {
    const { include } = JSON.parse(sourceOf('tsconfig.json').replace(/^\s*\/\/.*$/gm, '')) as { include: string[] }
    expect(PARTS).toEqual(expect.arrayContaining(include))
    expect(dirname(ROOT)).not.toBe(ROOT)
  })
})

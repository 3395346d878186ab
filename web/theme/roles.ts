// Which shape a role has. There are dozens of types, and users make up more: so whole names first, then the words in a
// name from the last to the first (`backend-dev` is a dev, `hierarchical-coordinator` a coordinator).

/** The order is the shape's index in the scene. */
export const FAMILIES = ['other', 'builder', 'checker', 'lead', 'task'] as const
export type Family = (typeof FAMILIES)[number]

export const FAMILY_TITLES: Readonly<Record<Exclude<Family, 'task'>, string>> = {
  lead: 'coordinates, plans',
  builder: 'builds',
  checker: 'tests, reviews',
  other: 'researches, other',
}

const WORDS: Readonly<Record<Exclude<Family, 'task'>, readonly string[]>> = {
  lead: [
    'queen',
    'coordinator',
    'orchestrator',
    'architect',
    'planner',
    'plan',
    'manager',
    'lead',
    'director',
    'supervisor',
    'main',
  ],
  builder: [
    'coder',
    'builder',
    'developer',
    'dev',
    'engineer',
    'implementer',
    'programmer',
    'optimizer',
    'refactorer',
    'migrator',
    'mobile',
    'frontend',
    'backend',
    'fullstack',
    'devops',
    'cicd',
    'sparc',
  ],
  checker: [
    'tester',
    'test',
    'tdd',
    'reviewer',
    'review',
    'validator',
    'verifier',
    'auditor',
    'qa',
    'security',
    'critic',
    'linter',
    'inspector',
    'benchmarker',
  ],
  other: ['researcher', 'analyst', 'analyzer', 'documenter', 'writer', 'explore', 'scout', 'monitor', 'specialist'],
}

const FAMILY_BY_WORD: ReadonlyMap<string, Family> = new Map(
  Object.entries(WORDS).flatMap(([family, words]) => words.map((word) => [word, family as Family] as const)),
)

export function familyOf(type: string): Family {
  const words = type
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z]+/)
  for (let i = words.length - 1; i >= 0; i--) {
    const family = FAMILY_BY_WORD.get(words[i] ?? '')
    if (family) return family
  }
  return 'other'
}

const BASE_RADIUS = 0.62
/** Who leads stands out. */
const SIZE_BY_WORD: readonly (readonly [RegExp, number])[] = [
  [/queen/i, 2],
  [/coordinator|orchestrator/i, 1.6],
  [/architect|planner|lead|manager/i, 1.2],
]
export const TASK_RADIUS = 0.26

/** In the scene's units; `name` counts because a queen may only be called so. */
export function radiusOf(type: string, name: string): number {
  const text = `${type} ${name}`
  const [, size = 1] = SIZE_BY_WORD.find(([pattern]) => pattern.test(text)) ?? []
  return BASE_RADIUS * size
}

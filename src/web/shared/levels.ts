// What each access level is called, and what it allows, in the words of every page.
import type { Level } from '../../access/access.ts'

/** What each level lets a client do, in a person's words. */
export const LEVEL_TEXT: Record<Level, { name: string; says: string }> = {
  read: { name: 'Read', says: 'See and search what you can see. It can change nothing.' },
  write: { name: 'Read and write', says: 'Also create and change records. It can delete nothing.' },
  full: {
    name: 'Full',
    says: 'Also delete records, run bots and agents, submit claims and start other operations.',
  },
  admin: {
    name: 'Admin',
    says: 'Also administer the project: members, access, bots, settings, irreversible deletion.',
  },
}

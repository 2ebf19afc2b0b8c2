/** All recipes that docs/cookbook.md shows and cookbook.test.ts runs. */
import { claim, records, visit, vitals } from './cookbook-care.ts'
import { admission, bot, bulk, document, graphql } from './cookbook-systems.ts'
import type { Use } from './recipe.ts'

export const USES: Use[] = [records, vitals, visit, claim, bot, admission, graphql, bulk, document]

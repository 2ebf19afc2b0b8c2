// Defines the tools whose call is one FHIR request. How arguments become the request is written once, for the call itself and for code that
// must know in advance what the call would do.
import type * as z from 'zod'
import type { Risk } from '../../access/risk/risk.ts'
import { understand } from '../kit/schema.ts'
import type { Tool } from '../kit/tool.ts'
import { prepare, type RequestArguments } from '../request/prepare.ts'
import type { ViewArguments } from '../request/view.ts'
import { perform } from './perform.ts'
import { confineTo, type Scope } from './scope.ts'

type RequestToolOf<Input extends z.ZodObject> = Omit<Tool<Input>, 'run'> & {
  request(args: z.output<Input>): RequestArguments & ViewArguments
  /** The kinds of request that the tool is for; all if undefined. */
  kinds?: Scope['kinds']
}

interface RequestTool<Input extends z.ZodObject = z.ZodObject> extends Tool<Input> {
  /**
   * What a call with these arguments would do; undefined if the arguments don't match the schema.
   *
   * @throws {ToldError} for arguments that the call would refuse as well
   */
  riskOf(args: unknown, base: URL): Risk | undefined
}

export function defineRequestTool<Input extends z.ZodObject>(definition: RequestToolOf<Input>): RequestTool<Input> {
  const { request, kinds, ...tool } = definition
  const scope = kinds && { tool: tool.name, kinds }
  const defined: RequestTool<Input> = {
    ...tool,
    run: (args, context) => perform(request(args), context, scope),
    riskOf(args, base) {
      const understood = understand(defined, args)
      if ('issues' in understood) return undefined
      const prepared = prepare(request(understood.value.args), base)
      if (scope) confineTo(scope, prepared)
      return prepared.risk
    },
  }
  return defined
}

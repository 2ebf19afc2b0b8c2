// A profile of Patient that asks for something.

/** That each Patient have an identifier of a certain system. */
export function withSlice(): { url: string; element: object[] } {
  const sliced = { path: 'Patient.identifier', definition: 'x', base: { path: 'Patient.identifier', min: 0, max: '*' } }
  const slicing = { discriminator: [{ type: 'value', path: 'system' }], rules: 'open' }
  const type = [{ code: 'Identifier' }]
  const system = {
    path: 'Patient.identifier.system',
    definition: 'x',
    base: { path: 'Identifier.system', min: 0, max: '1' },
  }
  return {
    url: `http://example.org/profile/${crypto.randomUUID()}`,
    element: [
      { id: 'Patient.identifier', ...sliced, slicing, min: 1, max: '*', type },
      { id: 'Patient.identifier:mrn', ...sliced, sliceName: 'mrn', min: 1, max: '1', type },
      {
        id: 'Patient.identifier:mrn.system',
        ...system,
        min: 1,
        max: '1',
        type: [{ code: 'uri' }],
        fixedUri: 'urn:example:mrn',
      },
    ],
  }
}

export function profile(url: string, element: object[]) {
  const own = (name: string, max: string, code: string) => {
    const path = `Patient.${name}`
    const base = { path, min: 0, max }
    return { id: path, path, definition: 'x', min: 0, max, base, type: [{ code }] }
  }
  const root = {
    id: 'Patient',
    path: 'Patient',
    definition: 'x',
    min: 0,
    max: '*',
    base: { path: 'Patient', min: 0, max: '*' },
  }
  const snapshot = {
    element: [root, own('id', '1', 'id'), own('meta', '1', 'Meta'), own('name', '*', 'HumanName'), ...element],
  }
  return {
    ...{
      resourceType: 'StructureDefinition',
      url,
      name: 'Sliced',
      status: 'active',
      kind: 'resource',
      abstract: false,
    },
    ...{
      type: 'Patient',
      baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
      derivation: 'constraint',
      snapshot,
    },
  }
}

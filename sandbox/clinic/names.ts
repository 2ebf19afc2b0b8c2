/**
 * Names, streets and towns of people who don't exist. The names have accents, apostrophes, hyphens and two family names on purpose,
 * because searches and displays break on these.
 */

// biome-ignore format: a word list reads better in rows
export const FEMALE = [
  'Amara', 'Anneliese', 'Beatriz', 'Camille', 'Chidinma', 'Clara', 'Dalia', 'Deborah', 'Eleni', 'Emília', 'Esther', 'Fatima',
  'Francesca', 'Freya', 'Gloria', 'Hana', 'Helena', 'Imani', 'Ingrid', 'Irene', 'Jasmine', 'Jin-ah', 'Joanna', 'Josephine',
  'Judith', 'Karen', 'Leila', 'Lucía', 'Margaret', 'Maud', 'Mei-Ling', 'Miriam', 'Nadia', 'Naomi', 'Nguyệt', 'Noor', 'Olga',
  'Patricia', 'Pilar', 'Renée', 'Rosa', 'Ruth', 'Saoirse', 'Sunita', 'Svetlana', 'Tamar', 'Thandiwe', 'Valentina', 'Wanda',
  'Yasmin', 'Yuki', 'Zuzanna',
] as const

// biome-ignore format: a word list reads better in rows
export const MALE = [
  'Ahmed', 'Aidan', 'Alejandro', 'André', 'Anton', 'Arjun', 'Bashir', 'Benedikt', 'Björn', 'Carlos', 'Cheng', 'Cyrus', 'Dmitri',
  'Edward', 'Elias', 'Emeka', 'Émile', 'Felipe', 'Frank', 'George', 'Giorgos', 'Hamid', 'Harold', 'Hiroshi', 'Ibrahim', 'Isaac',
  'Jamal', 'João', 'José', 'Kofi', 'Lars', 'Leonard', 'Luis', 'Marek', 'Matteo', 'Mehmet', 'Nikhil', 'Olumide', 'Oscar',
  'Pádraig', 'Pierre', 'Rafael', 'Raymond', 'Reuben', 'Samir', 'Stanley', 'Tariq', 'Tomáš', 'Vikram', 'Walter', 'Yusuf', 'Zoltán',
] as const

// biome-ignore format: a word list reads better in rows
export const FAMILY = [
  'Abdullah', 'Adeyemi', 'Álvarez', 'Andersson', 'Baptiste', 'Becker', 'Bianchi', 'Blackwood', 'Bouchard', 'Brennan', 'Carvalho',
  'Chen', 'Cohen', "D'Angelo", 'da Silva', 'Delacroix', 'Demir', 'Dubois', 'Eze', 'Farah', 'Fernández', 'Fitzgerald', 'Fournier',
  'Gonçalves', 'Greene', 'Gupta', 'Haddad', 'Hernández', 'Hoffmann', 'Horvat', 'Ivanova', 'Jackson', 'Johansen', 'Kaplan', 'Kaur',
  'Khan', 'Kim', 'Kovács', 'Kowalski', 'Lefèvre', 'Li', 'MacLeod', 'Mbeki', 'Mensah', 'Mitchell', 'Moreau', 'Müller', 'Murphy',
  "N'Diaye", 'Nakamura', 'Novák', 'Núñez', "O'Connor", 'Okonkwo', 'Osei', 'Özdemir', 'Papadopoulos', 'Park', 'Patel', 'Pereira',
  'Petersen', 'Phạm', 'Quinn', 'Rahman', 'Ramírez', 'Robinson', 'Rossi', 'Saleh', 'Santos', 'Sato', 'Schmidt', 'Sharma', 'Singh',
  'Smith', 'Smith-Jones', 'Ståhl', 'Sullivan', 'Takahashi', 'Tesfaye', 'Thompson', 'Torres', 'Tran', 'van der Berg', 'Volkov',
  'Walker', 'Washington', 'Weiss', 'Williams', 'Wójcik', 'Yamamoto', 'Yilmaz', 'Zhang',
] as const

// biome-ignore format: a word list reads better in rows
export const STREETS = [
  'Alder Lane', 'Beacon Street', 'Birch Road', 'Canal Street', 'Cedar Court', 'Chestnut Hill Avenue', 'Church Street',
  'Dock Square', 'Elm Street', 'Foundry Row', 'Granite Way', 'Harbor View', 'Juniper Drive', 'Kettle Pond Road', 'Linden Avenue',
  'Maple Street', 'Mill Road', 'North Common', 'Orchard Street', 'Prospect Street', 'Quarry Lane', 'River Road', 'Spruce Terrace',
] as const

export const TOWNS = [
  { city: 'Maplewood', postalCode: '01999' },
  { city: 'Easthaven', postalCode: '01998' },
  { city: 'North Quarry', postalCode: '01997' },
  { city: 'Saltmarsh', postalCode: '01996' },
] as const

/** The part of an e-mail address before the @: lowercase ASCII letters, accents and all other characters dropped. */
export function emailHandle(...parts: readonly string[]): string {
  return parts
    .map((part) =>
      part
        .normalize('NFD')
        .replace(/đ/gi, 'd')
        .replace(/ø/gi, 'o')
        .replace(/ł/gi, 'l')
        .replace(/[^a-z]/gi, ''),
    )
    .join('.')
    .toLowerCase()
}

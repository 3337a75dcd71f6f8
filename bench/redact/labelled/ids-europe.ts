/** National numbers of Europe, as citizens and offices there write and call them. */

import validator from 'validator'
import { weighted } from './checks.ts'
import { by, fill, form, grouped, inGroups, type Kind, spelt, until } from './kind.ts'

const tax = (locale: string) => (text: string) => validator.isTaxID(text, locale)

function nhs(): (text: string) => boolean {
  return (text) => weighted(text, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
}

/** 85.07.30-033.28 */
function dotted(text: string): string {
  return `${grouped([2, 2, 2], '.', text)}-${text.slice(6, 9)}.${text.slice(9)}`
}

/** Weights 7, 3, 1 of three letters, 9 of the check digit, 7, 3, 1 of the rest. */
function isPolishCard(text: string): boolean {
  const weights = [7, 3, 1, 9, 7, 3, 1, 7, 3]
  const values = weights.map((weight, i) => weight * Number.parseInt(text[i] ?? '', 36))
  return values.reduce((sum, value) => sum + value) % 10 === 0
}

// biome-ignore format: one line a kind
export const EUROPE_KINDS: readonly Kind[] = [
  { type: 'at-svnr', words: ['SVNR', 'Sozialversicherungsnummer', 'SV-Nummer'], bare: false, keys: ['svnr', 'sozialversicherungsnummer', 'sv nummer'], make: spelt(until('1999DDMMYY', by('AT', 'vnr')), ...inGroups([4, 6], ' ')) },
  { type: 'be-nn', words: ['rijksregisternummer', 'numéro national', 'NISS', 'INSZ', 'registre national'], bare: false, keys: ['rijksregisternummer', 'niss', 'national number', 'insz'], make: until('YYMMDD99999', (text) => by('BE', 'nn')(text) && !/(9[89]|00)$/.test(text)) },
  { type: 'be-nn', words: ['rijksregisternummer', 'numéro national', 'NISS', 'INSZ', 'registre national'], bare: true, keys: ['rijksregisternummer', 'niss', 'national number', 'insz'], make: (random) => dotted((until('YYMMDD99999', (text) => by('BE', 'nn')(text) && !/(9[89]|00)$/.test(text)))(random)) },
  { type: 'bg-egn', words: ['ЕГН', 'EGN', 'единен граждански номер'], bare: false, keys: ['egn', 'personal number egn'], make: until('YYMMDD9999', by('BG', 'egn')) },
  { type: 'hr-oib', words: ['OIB', 'osobni identifikacijski broj'], bare: false, keys: ['oib', 'customer oib'], make: until('99999999999', by('HR', 'oib')) },
  { type: 'cy-tic', words: ['TIC', 'Cyprus tax id', 'ΑΦΤ'], bare: false, keys: ['tic', 'tax identification code'], make: until('{0}9999999A', tax('el-CY')) },
  { type: 'cz-rodne-cislo', or: ['sk-rodne-cislo'], words: ['rodné číslo', 'RČ', 'r.č.', 'rodné č.'], bare: false, keys: ['rodne cislo', 'birth number'], make: until('YYMMDD9999', by('CZ', 'rc')) },
  { type: 'cz-rodne-cislo', or: ['sk-rodne-cislo'], words: ['rodné číslo', 'RČ', 'r.č.', 'rodné č.'], bare: true, keys: ['rodne cislo', 'birth number'], make: (random) => grouped([6, 4], '/', until('YYMMDD9999', by('CZ', 'rc'))(random)) },
  { type: 'sk-rodne-cislo', or: ['cz-rodne-cislo'], words: ['rodné číslo', 'RČ'], bare: false, keys: ['rodne cislo'], make: until('YYMMDD9999', by('SK', 'rc')) },
  { type: 'sk-rodne-cislo', or: ['cz-rodne-cislo'], words: ['rodné číslo', 'RČ'], bare: true, keys: ['rodne cislo'], make: (random) => grouped([6, 4], '/', until('YYMMDD9999', by('SK', 'rc'))(random)) },
  { type: 'dk-cpr', words: ['CPR', 'CPR-nummer', 'cpr nr.'], bare: false, keys: ['cpr', 'cpr number', 'cpr nr'], make: spelt(until('DDMMYY9999', by('DK', 'cpr')), ...inGroups([6, 4], '-')) },
  { type: 'ee-isikukood', or: ['lt-asmens-kodas'], words: ['isikukood', 'Estonian personal code'], bare: false, keys: ['isikukood', 'personal code ee'], make: until('{3}YYMMDD9999', by('EE', 'ik')) },
  { type: 'lt-asmens-kodas', or: ['ee-isikukood'], words: ['asmens kodas', 'a.k.'], bare: false, keys: ['asmens kodas'], make: until('{4}YYMMDD9999', by('LT', 'asmens')) },
  { type: 'lv-personas-kods', words: ['personas kods', 'p.k.'], bare: false, keys: ['personas kods'], make: spelt(until('DDMMYY{1}9999', by('LV', 'pvn')), ...inGroups([6, 5], '-')) },
  { type: 'fi-hetu', words: ['HETU', 'henkilötunnus', 'personbeteckning'], bare: true, keys: ['hetu', 'henkilotunnus'], make: until('DDMMYY-999X', by('FI', 'hetu')) },
  { type: 'fr-nir', words: ['NIR', 'numéro de sécurité sociale', 'n° de sécu', 'INSEE', 'carte vitale'], bare: false, keys: ['nir', 'numero securite sociale', 'numero de securite sociale', 'num secu'], make: until('{1}99{06}9999999999', by('FR', 'nir')) },
  { type: 'fr-nir', words: ['NIR', 'numéro de sécurité sociale', 'n° de sécu', 'INSEE', 'carte vitale'], bare: true, keys: ['nir', 'numero securite sociale', 'numero de securite sociale', 'num secu'], make: (random) => grouped([1, 2, 2, 2, 3, 3, 2], ' ', (until('{1}99{06}9999999999', by('FR', 'nir')))(random)) },
  { type: 'fr-spi', words: ['numéro fiscal', 'SPI', 'identifiant fiscal'], bare: false, keys: ['numero fiscal', 'spi', 'tax id fr'], make: spelt(until('{30}99999999999', by('FR', 'nif')), ...inGroups([2, 2, 3, 3, 3], ' ')) },
  { type: 'de-tax-id', words: ['Steuer-ID', 'Steueridentifikationsnummer', 'IdNr.', 'Identifikationsnummer'], bare: false, keys: ['steuer id', 'steueridentifikationsnummer', 'tax id', 'idnr'], make: spelt(until('99999999999', tax('de-DE')), ...inGroups([2, 3, 3, 3], ' ')) },
  { type: 'de-tax-number', words: ['Steuernummer', 'Steuer-Nr.', 'St.-Nr.'], bare: false, keys: ['steuernummer', 'steuer nr'], make: form('{21}/{8}99/99999') },
  { type: 'de-rvnr', words: ['Rentenversicherungsnummer', 'RVNR', 'Sozialversicherungsnummer', 'SV-Nummer'], bare: true, keys: ['rvnr', 'rentenversicherungsnummer'], make: spelt(until('{65}DDMMYYA999', by('DE', 'svnr')), ...inGroups([2, 6, 1, 3], ' ')) },
  { type: 'de-id-card', words: ['Personalausweis', 'Personalausweisnummer', 'Ausweisnummer', 'Perso'], bare: false, keys: ['personalausweis', 'personalausweisnummer', 'ausweisnummer'], make: until('{L}9{XC}999{K}99', by('DE', 'pwnr')) },
  { type: 'de-passport', words: ['Reisepass', 'Reisepassnummer', 'Passnummer'], bare: false, keys: ['reisepassnummer', 'reisepass', 'passnummer'], make: until('{C}99{FH}9{K}999', by('DE', 'passport')) },
  {
    type: 'de-kvnr',
    words: ['Krankenversichertennummer', 'KVNR', 'Versichertennummer', 'Krankenkasse'],
    bare: false,
    keys: ['kvnr', 'krankenversichertennummer', 'versichertennummer'],
    make: (random) => {
      const head = fill('A99999999', random)
      const text = String(head.charCodeAt(0) - 64).padStart(2, '0') + head.slice(1)
      const sum = [...text].reduce((total, char, i) => {
        const value = Number(char) * (i % 2 === 0 ? 1 : 2)
        return total + (value > 9 ? value - 9 : value)
      }, 0)
      return `${head}${sum % 10}`
    },
  },
  { type: 'gr-amka', words: ['AMKA', 'ΑΜΚΑ'], bare: false, keys: ['amka'], make: until('DDMMYY99999', by('GR', 'amka')) },
  { type: 'gr-afm', words: ['AFM', 'ΑΦΜ', 'αριθμός φορολογικού μητρώου'], bare: false, keys: ['afm', 'tax number afm'], make: until('{1}99999999', by('GR', 'vat')) },
  {
    type: 'hu-taj',
    words: ['TAJ', 'TAJ-szám', 'TAJ szám', 'társadalombiztosítási azonosító'],
    bare: false,
    keys: ['taj', 'taj szam'],
    make: (random) => {
      const head = random.digits(8)
      const text = head + (weighted(head, [3, 7, 3, 7, 3, 7, 3, 7]) % 10)
      return random.pick([text, grouped([3, 3, 3], ' ', text), grouped([3, 3, 3], '-', text)])
    },
  },
  { type: 'hu-tax-id', words: ['adóazonosító jel', 'adóazonosító'], bare: false, keys: ['adoazonosito jel', 'adoazonosito'], make: until('{8}999999999', tax('hu-HU')) },
  { type: 'ie-pps', words: ['PPS', 'PPSN', 'PPS number'], bare: true, keys: ['ppsn', 'pps number'], make: until('9999999A', by('IE', 'pps')) },
  { type: 'it-codice-fiscale', words: ['codice fiscale', 'C.F.', 'CF'], bare: true, keys: ['codice fiscale', 'cf', 'fiscal code'], make: spelt(until('{RSSMRA}99{A1}9{H}999A', by('IT', 'codicefiscale')), (t) => t.toLowerCase()) },
  { type: 'lu-matricule', words: ['matricule', 'numéro de matricule'], bare: true, keys: ['matricule', 'matricule national'], make: until('YYYYMMDD99999', tax('fr-LU')) },
  { type: 'mt-id', words: ['Maltese ID', 'karta tal-identità', 'identity card'], bare: false, keys: ['maltese id card', 'id card'], make: form('9999999{M}') },
  { type: 'nl-bsn', words: ['BSN', 'burgerservicenummer', 'sofinummer'], bare: false, keys: ['bsn', 'burgerservicenummer', 'bsn nummer'], make: spelt(until('199999999', by('NL', 'bsn')), ...inGroups([3, 3, 3], ' '), ...inGroups([4, 2, 3], '.')) },
  { type: 'pl-pesel', words: ['PESEL', 'numer PESEL', 'nr PESEL'], bare: false, keys: ['pesel', 'numer pesel'], make: until('YYMMDD99999', by('PL', 'pesel')) },
  { type: 'pl-id-card', words: ['dowód osobisty', 'nr dowodu', 'numer dowodu osobistego'], bare: false, keys: ['dowod osobisty', 'nr dowodu'], make: until('{A}AA999999', isPolishCard) },
  { type: 'pl-nip', words: ['NIP', 'numer NIP'], bare: false, keys: ['nip', 'nr nip'], make: spelt(until('5999999999', by('PL', 'nip')), ...inGroups([3, 3, 2, 2], '-')) },
  { type: 'pt-nif', words: ['NIF', 'contribuinte', 'número de contribuinte', 'número de identificação fiscal'], bare: false, keys: ['nif', 'contribuinte', 'numero contribuinte'], make: spelt(until('{2}99999999', by('PT', 'nif')), ...inGroups([3, 3, 3], ' ')) },
  { type: 'pt-cc', words: ['cartão de cidadão', 'número do cartão de cidadão', 'CC'], bare: true, keys: ['cartao cidadao', 'cartao de cidadao'], make: spelt(until('999999999{ZZ}9', by('PT', 'cc')), ...inGroups([8, 1, 3], ' ')) },
  {
    type: 'pt-niss',
    words: ['NISS', 'número de segurança social', 'segurança social'],
    bare: false,
    keys: ['niss'],
    make: (random) => {
      const head = `1${random.digits(9)}`
      return `${head}${9 - (weighted(head, [29, 23, 19, 17, 13, 11, 7, 5, 3, 2]) % 10)}`
    },
  },
  { type: 'ro-cnp', words: ['CNP', 'cod numeric personal'], bare: false, keys: ['cnp', 'cod numeric personal'], make: until('{1}YYMMDD{12}9999', by('RO', 'cnp')) },
  { type: 'si-emso', words: ['EMŠO', 'EMSO'], bare: false, keys: ['emso'], make: until('DDMM{985}{50}9999', by('SI', 'emso')) },
  { type: 'rs-jmbg', words: ['JMBG', 'ЈМБГ', 'matični broj', 'матични број'], bare: false, keys: ['jmbg'], make: until('DDMM{985}{71}9999', by('RS', 'jmbg')) },
  { type: 'ba-jmbg', words: ['JMBG', 'jedinstveni matični broj'], bare: false, keys: ['jmbg'], make: until('DDMM{985}{17}9999', by('BA', 'jmbg')) },
  { type: 'es-dni', words: ['DNI', 'NIF', 'documento nacional de identidad'], bare: true, keys: ['dni', 'nif', 'numero dni'], make: spelt(until('99999999A', by('ES', 'dni')), ...inGroups([8, 1], '-'), (t) => t.toLowerCase().toUpperCase()) },
  { type: 'es-nie', words: ['NIE', 'número de identidad de extranjero'], bare: true, keys: ['nie', 'numero nie'], make: spelt(until('{X}9999999A', by('ES', 'nie')), ...inGroups([1, 7, 1], '-')) },
  { type: 'es-nss', words: ['NSS', 'número de la seguridad social', 'seguridad social', 'número de afiliación'], bare: false, keys: ['nss', 'seguridad social', 'numero seguridad social'], make: spelt(until('{28}9999999999', by('ES', 'nss')), ...inGroups([2, 8, 2], '/'), ...inGroups([2, 8, 2], ' ')) },
  { type: 'se-personnummer', words: ['personnummer', 'personnr', 'pnr'], bare: true, keys: ['personnummer', 'personal identity number'], make: until('YYMMDD-9999', by('SE', 'personnummer')) },
  { type: 'no-fnr', words: ['fødselsnummer', 'fnr', 'personnummer'], bare: false, keys: ['fodselsnummer', 'fnr', 'national identity number'], make: until('DDMMYY99999', by('NO', 'fodselsnummer')) },
  { type: 'no-fnr', words: ['fødselsnummer', 'fnr', 'personnummer'], bare: true, keys: ['fodselsnummer', 'fnr', 'national identity number'], make: (random) => grouped([6, 5], ' ', (until('DDMMYY99999', by('NO', 'fodselsnummer')))(random)) },
  { type: 'is-kennitala', words: ['kennitala', 'kt.'], bare: false, keys: ['kennitala', 'kt'], make: spelt(until('DDMMYY999{9}', by('IS', 'kennitala')), ...inGroups([6, 4], '-')) },
  { type: 'ch-ahv', words: ['AHV', 'AHV-Nummer', 'numéro AVS', 'AVS'], bare: false, keys: ['ahv', 'ahv nummer', 'avs', 'social security number ch'], make: until('{756}9999999999', by('CH', 'ssn')) },
  { type: 'ch-ahv', words: ['AHV', 'AHV-Nummer', 'numéro AVS', 'AVS'], bare: true, keys: ['ahv', 'ahv nummer', 'avs', 'social security number ch'], make: (random) => grouped([3, 4, 4, 2], '.', until('{756}9999999999', by('CH', 'ssn'))(random)) },
  { type: 'gb-nino', words: ['National Insurance number', 'NINO', 'NI number', 'NI no.'], bare: true, keys: ['nino', 'national insurance number', 'ni number'], make: spelt(until('{AB}999999{C}', by('GB', 'nino')), ...inGroups([2, 2, 2, 2, 1], ' ')) },
  { type: 'gb-nhs', words: ['NHS number', 'NHS', 'NHS no.'], bare: false, keys: ['nhs', 'nhs number', 'nhs no'], make: spelt(until('{4}999999999', nhs()), ...inGroups([3, 3, 4], ' ', '-')) },
  { type: 'gb-utr', words: ['UTR', 'Unique Taxpayer Reference'], bare: false, keys: ['utr', 'unique taxpayer reference'], make: spelt(until('9999999999', by('GB', 'utr')), ...inGroups([5, 5], ' ')) },
  { type: 'gb-driving-license', words: ['driving licence', 'driver number', 'DVLA'], bare: true, keys: ['driving licence', 'driving licence number'], make: (random) => fill(`{MORGA}9{${String(1 + random.below(12)).padStart(2, '0')}}{${String(1 + random.below(28)).padStart(2, '0')}}9{SM}9AA`, random) },
  { type: 'gb-passport', or: ['passport-number', 'us-passport'], words: ['UK passport', 'British passport number', 'passport no'], bare: false, keys: ['passport', 'passport number', 'uk passport'], make: form('{5}99999999') },
  { type: 'fr-passport', or: ['passport-number'], words: ['passeport', 'numéro de passeport'], bare: false, keys: ['passeport', 'numero passeport'], make: form('99AA99999') },
  { type: 'it-passport', or: ['passport-number'], words: ['passaporto', 'numero di passaporto'], bare: false, keys: ['passaporto', 'numero passaporto'], make: form('{YA}9999999') },
  { type: 'es-passport', or: ['passport-number'], words: ['pasaporte', 'número de pasaporte'], bare: false, keys: ['pasaporte', 'numero pasaporte'], make: form('AAA999999') },
  {
    type: 'pl-passport',
    or: ['passport-number'],
    words: ['paszport', 'numer paszportu'],
    bare: false,
    keys: ['paszport', 'numer paszportu'],
    make: until('{EA}9999999', (text) => weighted([...text].map((char, i) => (i < 2 ? '0' : char)).join(''), [0, 0, 9, 1, 7, 3, 1, 7, 3]) % 10 === (10 - ((14 * 7 + 10 * 3) % 10)) % 10),
  },
  { type: 'ua-rnokpp', words: ['РНОКПП', 'ІПН', 'RNOKPP'], bare: false, keys: ['rnokpp', 'ipn'], make: until('{3}999999999', by('UA', 'rntrc')) },
  { type: 'ru-inn', words: ['ИНН', 'INN'], bare: false, keys: ['inn', 'tax inn'], make: until('{77}9999999999', by('RU', 'inn')) },
  {
    type: 'ru-snils',
    words: ['СНИЛС', 'SNILS'],
    bare: true,
    keys: ['snils'],
    make: (random) => {
      const head = `1${random.digits(8)}`
      const sum = (weighted(head, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101) % 100
      return `${grouped([3, 3, 3], '-', head)} ${String(sum).padStart(2, '0')}`
    },
  },
  { type: 'ru-passport', or: ['passport-number'], words: ['паспорт', 'серия и номер паспорта'], bare: false, keys: ['passport', 'passport rf'], make: form('{45} {08} 999999') },
]

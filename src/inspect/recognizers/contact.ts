/** How people are reached: e-mail and phone. */

import type { Readiness } from '../../model/finding.ts'
import { emailExtent, encodedEmailExtent } from './email.ts'
import {
  areaCodeExtent,
  EXTENDED_LAYOUTS,
  internationalPhoneExtent,
  isExtendedPhone,
  isNationalPhone,
  isNorthAmericanPhone,
  NATIONAL_LAYOUTS,
  northAmericanExtent,
} from './phone.ts'
import type { AnchorShape, Recognizer } from './recognizer.ts'
import { inSpellings } from './spelling.ts'

const EMAIL_WORDS = inSpellings([
  ...['email', 'mail', 'mailto', 'correo electrónico', 'courriel', 'posta elettronica'],
  ...['e mail adresse', 'mailadresse', 'mail adresse', 'adresse mail', 'adresse électronique'],
  ...['correo', 'dirección de correo', 'indirizzo email', 'e mailadres', 'endereço de email'],
  ...['adres email', 'adres e mail', 'sähköposti', 'e post', 'epost'],
  ...['почта', 'メール', '邮箱', '電子郵件', '이메일'],
])

const PHONE_WORDS = inSpellings([
  ...['phone', 'telephone', 'tel', 'mobile', 'cellphone', 'fax', 'whatsapp', 'sms', 'msisdn'],
  ...[
    'phone number',
    'mobile number',
    'cell number',
    'my cell',
    'cell',
    'contact number',
    'landline',
  ],
  ...['call me', 'call us', 'please call', 'call at', 'call on', 'call him', 'call her', 'calling'],
  ...['phone no', 'mob', 'reach me', 'text me', 'hotline'],
  ...['telefon', 'telefonnummer', 'handy', 'handynummer', 'mobilnummer', 'rufnummer', 'festnetz'],
  ...[
    'téléphone',
    'tél',
    'portable',
    'numéro de téléphone',
    'teléfono',
    'celular',
    'móvil',
    'telefone',
  ],
  ...['telemóvel', 'cellulare', 'telefono', 'numero di telefono', 'telefoon', 'telefoonnummer'],
  ...['mobiel', 'puhelin', 'puhelinnumero', 'mobil', 'telefonszám', 'komórka', 'nr telefonu'],
  ...[
    'tel nr',
    'telefon nr',
    'tel no',
    'telnr',
    'telefonnr',
    'mobilfunknummer',
    'mobiltelefon',
    'telefax',
  ],
  ...['numéro de portable', 'numéro de mobile', 'numéro tél', 'no de téléphone', 'teléfono móvil'],
  ...[
    'teléfono celular',
    'número de móvil',
    'número de celular',
    'numero cellulare',
    'recapito telefonico',
  ],
  ...[
    'mobiele nummer',
    'mobiel nummer',
    'gsm',
    'numer telefonu',
    'telefon komórkowy',
    'nr tel',
    'tel kom',
  ],
  ...[
    'número de telefone',
    'número de telemóvel',
    'contacto telefónico',
    'puhelinnro',
    'telefonnummer',
  ],
  ...[
    'phone nr',
    'ph',
    'daytime phone',
    'evening phone',
    'work phone',
    'home phone',
    'direct dial',
    'helpline',
  ],
  ...[
    'dial',
    'telephone number',
    'tel number',
    'phones',
    'contact no',
    'whats app',
    'viber',
    'sms to',
  ],
  ...['телефон', 'тел', 'мобильный', 'τηλέφωνο', 'κινητό', 'هاتف', 'جوال', 'טלפון', 'נייד'],
  ...['電話', '電話番号', '携帯', '电话', '手机', '手機', '전화', '휴대폰', 'फोन', 'โทร'],
])

/** A bracket is looked at only where a digit follows it. */
function inBrackets(
  readiness: Readiness,
  digits: string,
  extent: AnchorShape['extent'],
): readonly AnchorShape[] {
  return [...digits].map((digit) => ({
    kind: 'anchor',
    literal: `(${digit}`,
    reach: 3,
    before: '0-9 -',
    readiness,
    extent,
  }))
}

export const CONTACT: readonly Recognizer[] = [
  {
    type: 'email',
    class: 'personal',
    readiness: 'on',
    words: EMAIL_WORDS,
    shapes: [
      {
        kind: 'anchor',
        literal: '@',
        next: 'A-Za-z0-9\x80-\xff-',
        reach: 72,
        before: "A-Za-z0-9._%+':/-",
        extent: emailExtent,
      },
      {
        kind: 'anchor',
        literal: '%40',
        next: 'A-Za-z0-9',
        reach: 72,
        before: "A-Za-z0-9._%+':/-",
        extent: encodedEmailExtent,
      },
    ],
    basis: 'local part, host name, top-level domain of letters',
  },
  {
    type: 'phone',
    class: 'personal',
    readiness: 'on',
    words: PHONE_WORDS,
    shapes: [
      {
        kind: 'anchor',
        literal: '+',
        next: '0-9',
        reach: 1,
        before: 'A-Za-z0-9',
        extent: internationalPhoneExtent,
      },
      ...inBrackets('on', '23456789', northAmericanExtent),
      ...inBrackets('context', '0123456789', areaCodeExtent),
      {
        kind: 'pattern',
        layouts: ['999-999-9999', '9-999-999-9999', '999-999-999-9999', '999.999.9999'],
        valid: isNorthAmericanPhone,
      },
      { kind: 'pattern', layouts: EXTENDED_LAYOUTS, valid: isExtendedPhone },
      {
        kind: 'pattern',
        layouts: NATIONAL_LAYOUTS,
        readiness: 'context',
        valid: isNationalPhone,
      },
    ],
    basis: 'country calling code and length; national forms near a word',
  },
]

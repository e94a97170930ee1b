// What the people of the journeys answer, by name of field.

import { pdf } from './steps.mjs';

const DAY_MS = 86_400_000;

/** A day some days from now, as the field wants it. */
function inDays(days) {
  return { date: new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10) };
}

/** td-full-driving-licence-renewal, for a holder under 60 whose licence ends in two months. */
export const RENEWAL = {
  licence_no: 'Q311117',
  classes: ['1', '2'],
  expiry: inDays(60),
  disease: 'no',
  residential_address: {
    address: {
      flat: 'B',
      floor: '12',
      building: 'Sample House',
      street: '1 Sample Street',
      district: 'sha_tin',
    },
  },
  address_changed: 'no',
  other_correspondence: 'no',
  mobile: '61230001',
  email: 'somebody@example.com',
  truth: 'yes',
};

/** fehd-restaurant-licence, for a company with a general restaurant of 120 square metres. */
export const RESTAURANT = {
  applicant_type: 'corp',
  company_en: 'Sample Kitchens Limited',
  brn: '12345678',
  licence_type: 'general',
  provisional: 'no',
  sign: 'Sample Kitchen',
  premises: {
    address: {
      floor: 'G',
      building: 'Sample House',
      street: '1 Sample Street',
      district: 'yau_tsim_mong',
    },
  },
  floor_area: '120',
  seats: '60',
  industrial: 'no',
  deep_basement: 'no',
  domestic: 'no',
  upper: 'no',
  cooking: ['towngas'],
  layout: { file: pdf('layout.pdf') },
  no_works: { file: pdf('no-works.pdf') },
  br: { file: pdf('business-registration.pdf') },
  lease: 'yes',
  mobile: '61230002',
  email: 'kitchens@example.com',
  truth: 'yes',
};

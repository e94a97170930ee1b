// Wallets of other makers fetch a licence from our issuer and check it.

export { fetchAndCheck as default } from './oid4vci-wallet.mjs';

/** What stands on the wire alike in several protocols, and on both of its ends: header fields, structs, what is told. */

export { clientHeaders, type ClientHeaders, type HeaderFault } from './client-headers.js';
export { type HeaderLine, headerLines } from './header-line.js';
export { foldedHeaderName } from './header-name.js';
export { countedParameters, parametersAlike } from './parameters.js';
export type { Json } from './json.js';
export { STRIPPED_HEADERS, strippedOf } from './stripped-headers.js';
export { jsonOf, type Struct, structOf, type StructValue } from './struct.js';
export { TELL_HEADER, type Telling, type ToldHeaders } from './told-headers.js';

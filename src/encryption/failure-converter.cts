import common = require('@temporalio/common');

/**
 * Puts messages and stack traces of failures into a payload, which a codec can encrypt. Loaded by the SDK, with
 * `require` and into the workflow bundle for runs that are encrypted, hence CommonJS.
 */
const failureConverter = new common.DefaultFailureConverter({ encodeCommonAttributes: true });

export = { failureConverter };

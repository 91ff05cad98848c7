/**
 * Certificates from the SPIFFE Workload API: {@link io.inpod.hbone.spiffe.WorkloadApiCertificates}. This package starts no thread;
 * everything runs on the event loops that the caller provides.
 *
 * @see <a href="https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Workload_API.md">SPIFFE Workload API</a>
 */
@NullMarked
package io.inpod.hbone.spiffe;

import org.jspecify.annotations.NullMarked;

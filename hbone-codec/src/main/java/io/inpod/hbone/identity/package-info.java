/**
 * Workload identities and the certificates that prove them: SPIFFE IDs, and sources of certificates.
 *
 * <p>A {@link io.inpod.hbone.identity.CertificateSource} gives each connection its {@link io.inpod.hbone.identity.WorkloadCertificate}. The
 * sources here issue certificates themselves ({@link io.inpod.hbone.identity.DevelopmentCa}), watch files
 * ({@link io.inpod.hbone.identity.FileCertificates}), keep certificates in memory ({@link io.inpod.hbone.identity.InMemoryCertificates}),
 * or fetch from a CA ({@link io.inpod.hbone.identity.CertificateFetcher}). This package depends on no other package of this library.
 */
@NullMarked
package io.inpod.hbone.identity;

import org.jspecify.annotations.NullMarked;

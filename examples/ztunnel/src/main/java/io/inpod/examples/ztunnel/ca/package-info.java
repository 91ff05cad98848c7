/**
 * The pods' certificates: fetched from a CA that speaks the protocol of Istio's, or issued by the development CA; and which of the peers'
 * certificates are revoked ({@code Certificates}).
 */
@NullMarked
package io.inpod.examples.ztunnel.ca;

import org.jspecify.annotations.NullMarked;

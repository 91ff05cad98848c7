package io.inpod.hbone;

import io.inpod.hbone.identity.SpiffeId;
import java.math.BigInteger;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * Which certificates the two ends of an HBONE connection have, to choose connections that are to be retired. A client's counts even if the
 * server hasn't asked for it.
 *
 * @param local our identity
 * @param localSerial the serial number of our certificate, which is unique among the certificates of its issuer
 * @param peer the peer's identity
 * @param peerSerial the serial number of the peer's certificate
 * @param peerChain the certificates that the peer has shown, its own first
 * @param localChain our certificate, and those of intermediate CAs
 * @param roots those to which the chains lead, of all trust domains, as they were when the connection was opened
 */
public record ConnectionIdentities(SpiffeId local, BigInteger localSerial, SpiffeId peer, BigInteger peerSerial,
        List<X509Certificate> peerChain, List<X509Certificate> localChain, List<X509Certificate> roots) {
    /**
     * Copies the lists.
     *
     * @param local see {@link #local()}
     * @param localSerial see {@link #localSerial()}
     * @param peer see {@link #peer()}
     * @param peerSerial see {@link #peerSerial()}
     * @param peerChain see {@link #peerChain()}
     * @param localChain see {@link #localChain()}
     * @param roots see {@link #roots()}
     */
    public ConnectionIdentities {
        peerChain = List.copyOf(peerChain);
        localChain = List.copyOf(localChain);
        roots = List.copyOf(roots);
    }

    /**
     * Tells whether an end has an identity.
     *
     * @param identity the identity
     * @return whether it is ours or the peer's
     */
    public boolean involves(SpiffeId identity) {
        return local.equals(identity) || peer.equals(identity);
    }

    /**
     * Tells whether an end has shown a certificate.
     *
     * @param serial the certificate's serial number
     * @return whether it is that of our certificate or of the peer's
     */
    public boolean involves(BigInteger serial) {
        return localSerial.equals(serial) || peerSerial.equals(serial);
    }
}

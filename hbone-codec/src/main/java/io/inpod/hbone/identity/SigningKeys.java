package io.inpod.hbone.identity;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;

/** The keys that certificates may have: ECDSA of any curve that the JDK knows, and RSA of 2,048 bits or more. */
final class SigningKeys {
    private static final int LEAST_RSA_BITS = 2048;

    private SigningKeys() {}

    /** Returns the algorithm of signatures that a key makes or checks, with a hash as strong as the key. */
    static String algorithm(PublicKey key) throws InvalidKeyException {
        if (key instanceof ECKey elliptic) {
            int bits = elliptic.getParams().getOrder().bitLength();
            return bits <= 256 ? "SHA256withECDSA" : bits <= 384 ? "SHA384withECDSA" : "SHA512withECDSA";
        } else if (key instanceof RSAKey rsa) {
            int bits = rsa.getModulus().bitLength();
            if (bits < LEAST_RSA_BITS) {
                throw new InvalidKeyException("an RSA key of " + bits + " bits is too weak; it needs " + LEAST_RSA_BITS);
            }
            return "SHA256withRSA";
        }
        throw new InvalidKeyException("keys of " + key.getAlgorithm() + " can't be used, only ECDSA and RSA");
    }

    /** {@return whether a private key belongs to a certified one, by signing with the one and verifying with the other} */
    static boolean belongTogether(PrivateKey key, PublicKey certified) throws GeneralSecurityException {
        String algorithm = algorithm(certified);
        if (key instanceof ECKey != certified instanceof ECKey) {
            return false;
        }
        byte[] sample = {1, 2, 3};
        Signature signature = Signature.getInstance(algorithm);
        signature.initSign(key);
        signature.update(sample);
        byte[] signed = signature.sign();
        signature.initVerify(certified);
        signature.update(sample);
        try {
            return signature.verify(signed);
        } catch (java.security.SignatureException e) {
            return false; // the signature of another curve or modulus has another length
        }
    }
}

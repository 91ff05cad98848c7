package io.inpod.examples.ztunnel.dump;

import com.fasterxml.jackson.core.JsonGenerator;
import io.inpod.hbone.identity.CertificateStatus;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;

/** An identity with its certificates as Istio's ztunnel shows it. Never a key. */
final class CertificateJson {
    private static final Base64.Encoder LINES = Base64.getMimeEncoder(64, new byte[] {'\n'});

    private CertificateJson() {}

    static void write(JsonGenerator json, CertificateStatus known) throws IOException {
        WorkloadCertificate certificate = known.certificate();
        json.writeStartObject();
        json.writeStringField("identity", known.identity().toString());
        json.writeStringField("state", state(known));
        write(json, "certChain", certificate == null ? List.of() : certificate.chain());
        write(json, "rootCerts", certificate == null ? List.of() : certificate.trustAnchors());
        json.writeEndObject();
    }

    private static String state(CertificateStatus known) {
        return switch (known.state()) {
            case INITIALIZING -> "Initializing";
            case AVAILABLE -> "Available";
            case UNAVAILABLE -> "Unavailable: " + (known.failure() == null ? "expired" : known.failure().getMessage());
        };
    }

    private static void write(JsonGenerator json, String name, List<X509Certificate> certificates) throws IOException {
        json.writeArrayFieldStart(name);
        for (X509Certificate certificate : certificates) {
            json.writeStartObject();
            json.writeStringField("pem", Base64.getEncoder().encodeToString(pem(certificate).getBytes(StandardCharsets.US_ASCII)));
            json.writeStringField("serialNumber", certificate.getSerialNumber().toString());
            json.writeStringField("validFrom", certificate.getNotBefore().toInstant().toString());
            json.writeStringField("expirationTime", certificate.getNotAfter().toInstant().toString());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static String pem(X509Certificate certificate) throws IOException {
        try {
            return "-----BEGIN CERTIFICATE-----\n" + LINES.encodeToString(certificate.getEncoded()) + "\n-----END CERTIFICATE-----\n";
        } catch (CertificateEncodingException e) {
            throw new IOException("a certificate can't be encoded: " + e.getMessage(), e);
        }
    }
}

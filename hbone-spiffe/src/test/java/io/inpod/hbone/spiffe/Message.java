package io.inpod.hbone.spiffe;

import com.google.protobuf.CodedOutputStream;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.List;

/** Writes the Workload API's messages: X509SVIDResponse, and X509SVID in it. */
final class Message {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final CodedOutputStream out = CodedOutputStream.newInstance(bytes);

    Message bytes(int field, byte[] value) throws IOException {
        out.writeByteArray(field, value);
        return this;
    }

    Message text(int field, String value) throws IOException {
        out.writeString(field, value);
        return this;
    }

    Message svid(WorkloadCertificate certificate) throws Exception {
        return svid(certificate.identity().toString(), certificate);
    }

    Message svid(String identity, WorkloadCertificate certificate) throws Exception {
        return bytes(1, new Message().text(1, identity).bytes(2, der(certificate.chain())).bytes(3, certificate.privateKey().getEncoded())
                .bytes(4, der(certificate.trustAnchors())).text(5, "a hint").toBytes());
    }

    Message bundle(String domain, List<X509Certificate> roots) throws Exception {
        return bytes(3, new Message().text(1, domain).bytes(2, der(roots)).toBytes());
    }

    static byte[] der(List<X509Certificate> certificates) throws CertificateEncodingException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (X509Certificate one : certificates) {
            all.writeBytes(one.getEncoded());
        }
        return all.toByteArray();
    }

    byte[] toBytes() throws IOException {
        out.flush();
        return bytes.toByteArray();
    }
}

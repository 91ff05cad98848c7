package io.inpod.hbone.spiffe;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The message X509SVIDResponse of the Workload API, section 5.2, in Protocol Buffers: {@code repeated X509SVID svids = 1},
 * {@code repeated bytes crl = 2}, {@code map<string, bytes> federated_bundles = 3}. Unknown fields are skipped, as the specification asks
 * (section 2).
 *
 * @param svids the identities, the default one first
 * @param crls revocation lists, DER
 * @param federated bundles of other trust domains, DER, by the domain's SPIFFE ID
 */
record SvidMessage(List<Svid> svids, List<ByteString> crls, Map<String, ByteString> federated) {
    /**
     * The message X509SVID.
     *
     * @param identity {@code string spiffe_id = 1}
     * @param chain {@code bytes x509_svid = 2}: the leaf, then intermediates, DER one after the other
     * @param key {@code bytes x509_svid_key = 3}: PKCS#8, DER
     * @param bundle {@code bytes bundle = 4}: the roots of the identity's trust domain, DER one after the other
     */
    record Svid(String identity, ByteString chain, ByteString key, ByteString bundle) {}

    static SvidMessage read(InputStream stream) throws IOException {
        CodedInputStream in = CodedInputStream.newInstance(stream);
        List<Svid> svids = new ArrayList<>();
        List<ByteString> crls = new ArrayList<>();
        Map<String, ByteString> federated = new LinkedHashMap<>();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case 1 << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> svids.add(svid(in.readBytes()));
                case 2 << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> crls.add(in.readBytes());
                case 3 << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> entry(in.readBytes(), federated);
                default -> skip(in, tag);
            }
        }
        return new SvidMessage(svids, crls, federated);
    }

    private static Svid svid(ByteString message) throws IOException {
        CodedInputStream in = message.newCodedInput();
        String identity = "";
        ByteString chain = ByteString.EMPTY;
        ByteString key = ByteString.EMPTY;
        ByteString bundle = ByteString.EMPTY;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case 1 << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> identity = in.readStringRequireUtf8();
                case 2 << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> chain = in.readBytes();
                case 3 << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> key = in.readBytes();
                case 4 << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> bundle = in.readBytes();
                default -> skip(in, tag);
            }
        }
        return new Svid(identity, chain, key, bundle);
    }

    /** An entry of a map is a message with the key in field 1 and the value in field 2. */
    private static void entry(ByteString message, Map<String, ByteString> map) throws IOException {
        CodedInputStream in = message.newCodedInput();
        String key = "";
        ByteString value = ByteString.EMPTY;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case 1 << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> key = in.readStringRequireUtf8();
                case 2 << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> value = in.readBytes();
                default -> skip(in, tag);
            }
        }
        map.put(key, value);
    }

    private static void skip(CodedInputStream in, int tag) throws IOException {
        if (!in.skipField(tag)) {
            throw new IOException("a group ends that hasn't begun");
        }
    }
}

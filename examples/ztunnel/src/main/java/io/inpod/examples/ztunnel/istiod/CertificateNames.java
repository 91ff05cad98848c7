package io.inpod.examples.ztunnel.istiod;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The names for which a server's certificate is, as RFC 9525 compares them: alternative names only, never the subject. */
final class CertificateNames {
    private static final int DNS = 2;
    private static final int IP = 7;
    private static final String WILDCARD = "*.";

    private CertificateNames() {}

    /** Returns whether one of the names is that of a host, which may be an IP address. */
    static boolean has(X509Certificate certificate, String host) throws CertificateParsingException {
        InetAddress address = address(host);
        String name = host.toLowerCase(Locale.ROOT).replaceFirst("\\.$", "");
        for (List<?> entry : entries(certificate)) {
            String value = String.valueOf(entry.get(1));
            if (entry.get(0).equals(IP) ? address != null && address.equals(address(value))
                    : entry.get(0).equals(DNS) && address == null && matches(value.toLowerCase(Locale.ROOT), name)) {
                return true;
            }
        }
        return false;
    }

    /** A wildcard stands for exactly one label, the first. */
    private static boolean matches(String pattern, String name) {
        int dot = name.indexOf('.');
        return pattern.startsWith(WILDCARD) ? dot > 0 && name.substring(dot + 1).equals(pattern.substring(WILDCARD.length()))
                : pattern.equals(name);
    }

    /** Returns the names as they are shown. */
    static List<String> of(X509Certificate certificate) throws CertificateParsingException {
        List<String> names = new ArrayList<>();
        for (List<?> entry : entries(certificate)) {
            names.add(String.valueOf(entry.get(1)));
        }
        return names;
    }

    private static Collection<List<?>> entries(X509Certificate certificate) throws CertificateParsingException {
        Collection<List<?>> entries = certificate.getSubjectAlternativeNames();
        return entries == null ? List.of() : entries;
    }

    private static @Nullable InetAddress address(String text) {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
        try {
            return bytes == null ? null : InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new AssertionError("the length is that of an address", e);
        }
    }
}

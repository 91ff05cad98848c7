package io.inpod.hbone.internal.tls;

import io.inpod.hbone.identity.WorkloadCertificate;
import io.netty.handler.ssl.OpenSslCachingX509KeyManagerFactory;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.SimpleKeyManagerFactory;
import java.net.Socket;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/** Always offers the same certificate. It replaces the key store that Netty would build otherwise. */
final class WorkloadKeyManager extends X509ExtendedKeyManager {
    private static final String ALIAS = "workload";

    private final WorkloadCertificate certificate;
    private final X509Certificate[] chain;

    WorkloadKeyManager(WorkloadCertificate certificate) {
        this.certificate = certificate;
        this.chain = certificate.chain().toArray(new X509Certificate[0]);
    }

    /** BoringSSL needs key and chain in its own form; they are converted once, not for every handshake. */
    static KeyManagerFactory factory(WorkloadCertificate certificate, SslProvider provider) {
        KeyManagerFactory plain = new One(new WorkloadKeyManager(certificate));
        return provider == SslProvider.JDK ? plain : new OpenSslCachingX509KeyManagerFactory(plain);
    }

    private static final class One extends SimpleKeyManagerFactory {
        private final KeyManager[] managers;

        One(KeyManager manager) {
            managers = new KeyManager[] {manager};
        }

        @Override
        protected void engineInit(KeyStore store, char[] password) {}

        @Override
        protected void engineInit(ManagerFactoryParameters parameters) {}

        @Override
        protected KeyManager[] engineGetKeyManagers() {
            return managers.clone();
        }
    }

    private @Nullable String alias(String... keyTypes) {
        String algorithm = certificate.privateKey().getAlgorithm();
        for (String type : keyTypes) {
            if (type.equals(algorithm) || type.startsWith(algorithm + "_")) {
                return ALIAS;
            }
        }
        return null;
    }

    @Override
    public @Nullable String chooseEngineClientAlias(String[] keyTypes, Principal[] issuers, SSLEngine engine) {
        return alias(keyTypes);
    }

    @Override
    public @Nullable String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
        return alias(keyType);
    }

    @Override
    public @Nullable String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
        return alias(keyTypes);
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
        return alias(keyType);
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal[] issuers) {
        return alias(keyType) == null ? null : new String[] {ALIAS};
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal[] issuers) {
        return getClientAliases(keyType, issuers);
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
        return alias.equals(ALIAS) ? chain.clone() : null;
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
        return alias.equals(ALIAS) ? certificate.privateKey() : null;
    }
}

package io.inpod.hbone.spiffe;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Damaged answers: each is read, or refused with an IOException that has a message; a failure names its seed. */
@Timeout(60)
class SvidFuzzTest {
    private static final SpiffeId WEB = SpiffeId.parseAnyPath("spiffe://cluster.local/web");

    @Test
    void answers(@TempDir Path directory) throws Exception {
        WorkloadCertificate certificate = DevelopmentCa.open(directory.resolve("ca")).certificate(WEB);
        byte[] whole = new Message().svid(certificate).bundle("spiffe://other.example", certificate.trustAnchors()).bytes(9, new byte[3]).toBytes();
        assertThat(SvidSet.of(SvidMessage.read(new ByteArrayInputStream(whole)), null).certificates()).containsOnlyKeys(WEB);
        long first = Long.getLong("inpod.fuzz.seed", System.nanoTime() >>> 8);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.getLong("inpod.fuzz.seconds", 2));
        int refused = 0;
        for (long seed = first; System.nanoTime() < end && (seed == first || System.getProperty("inpod.fuzz.seed") == null); seed++) {
            try {
                SvidSet set = SvidSet.of(SvidMessage.read(new ByteArrayInputStream(damaged(whole, new Random(seed * 0x9e37_79b9_7f4a_7c15L)))), null);
                assertThat(set.certificates()).isNotEmpty();
            } catch (IOException e) {
                assertThat(e.getMessage()).as("seed %s", seed).isNotBlank();
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("-Dinpod.fuzz.seed=" + seed, e);
            }
        }
        assertThat(refused).isPositive();
    }

    private static byte[] damaged(byte[] whole, Random random) {
        byte[] bytes = Arrays.copyOf(whole, random.nextInt(8) == 0 ? random.nextInt(whole.length + 20) : whole.length);
        for (int i = random.nextInt(3); i >= 0 && bytes.length > 0; i--) {
            int at = random.nextInt(4) == 0 ? random.nextInt(Math.min(200, bytes.length)) : random.nextInt(bytes.length);
            bytes[at] = random.nextBoolean() ? (byte) random.nextInt(256) : (byte) (bytes[at] ^ 1 << random.nextInt(8));
        }
        return bytes;
    }
}

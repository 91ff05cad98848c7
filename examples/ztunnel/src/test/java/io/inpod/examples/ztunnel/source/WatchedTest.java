package io.inpod.examples.ztunnel.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;

class WatchedTest {
    private final Watched watched = new Watched();

    private static FileVersion version(int inode, int changed) {
        return new FileVersion(1, inode, FileTime.fromMillis(0), FileTime.fromMillis(changed), 100, true);
    }

    private void read(FileVersion version) {
        watched.isDue(version);
        assertThat(watched.isDue(version)).isTrue();
        assertThat(watched.isWhole(version, version)).isTrue();
    }

    @Test
    void isReadOnceItIsAtRest() {
        assertThat(watched.isDue(version(1, 1))).isFalse();
        assertThat(watched.isDue(version(1, 2))).isFalse();
        assertThat(watched.isDue(version(1, 2))).isTrue();
        assertThat(watched.isWhole(version(1, 2), version(1, 3))).as("written to while it was read").isFalse();
        assertThat(watched.isDue(version(1, 3))).isFalse();
        read(version(1, 3));
        assertThat(watched.isDue(version(1, 3))).isFalse();
    }

    /** Times have a resolution of up to two seconds on some file systems: what is written right after the reading can't be seen in them. */
    @Test
    void isComparedOnceMore() {
        read(version(1, 1));
        int looks = 1;
        while (!watched.isDue(version(1, 1))) {
            looks++;
        }
        assertThat(looks).isEqualTo(12);
        assertThat(watched.isWhole(version(1, 1), version(1, 1))).isTrue();
        for (int i = 0; i < 100; i++) {
            assertThat(watched.isDue(version(1, 1))).isFalse();
        }
    }

    @Test
    void whatIsWrittenToAllTheTimeIsNeverReadAndWhatIsReplacedIs() {
        for (int i = 0; i < 100; i++) {
            assertThat(watched.isDue(version(1, i))).isFalse();
        }
        int looks = 1;
        while (!watched.isDue(version(1 + looks, 1000 + looks))) {
            looks++;
        }
        assertThat(looks).isEqualTo(10);
        FileVersion last = version(1 + looks, 1000 + looks);
        assertThat(watched.isWhole(last, version(1 + looks, 2000))).as("the same file, written to").isFalse();
        assertThat(watched.isWhole(last, version(99, 3000))).isTrue();
    }

    @Test
    void isReadAgainIfItCouldNotBeRead() {
        read(version(1, 1));
        watched.forget();
        read(version(1, 1));
    }

    private void letTheContentsBeCompared(FileVersion version) {
        while (!watched.isDue(version)) {
            // looks that find the same
        }
        watched.isWhole(version, version);
    }

    @Test
    void anotherFileIsTriedOnce() {
        assertThat(watched.isReplaced(version(1, 1))).as("nothing was read that it could replace").isFalse();
        read(version(1, 1));
        letTheContentsBeCompared(version(1, 1));
        assertThat(watched.isReplaced(version(1, 2))).as("written in place").isFalse();
        assertThat(watched.isReplaced(version(2, 3))).isTrue();
        assertThat(watched.isReplaced(version(2, 3))).isFalse();
        assertThat(watched.isReplaced(version(2, 4))).as("still written to").isFalse();
        assertThat(watched.isReplaced(version(3, 5))).isTrue();
        read(version(3, 5));
    }

    @Test
    void noneIsTriedRightAfterAnother() {
        read(version(1, 1));
        for (int looks = 1; looks < 12; looks++) {
            assertThat(watched.isReplaced(version(1 + looks, looks))).isFalse();
            watched.isDue(version(1, 1));
        }
        assertThat(watched.isReplaced(version(50, 50))).isFalse();
        letTheContentsBeCompared(version(1, 1));
        assertThat(watched.isReplaced(version(50, 50))).isTrue();
    }
}

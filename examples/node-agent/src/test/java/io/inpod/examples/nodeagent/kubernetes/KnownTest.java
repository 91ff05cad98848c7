package io.inpod.examples.nodeagent.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Lists, events and single answers may overtake one another. */
class KnownTest {
    private final Known<ApiNamespace> known = new Known<>();

    private static ApiNamespace at(long version) {
        return new ApiNamespace("n", version, "at " + version);
    }

    private long version() {
        return known.get("n").map(ApiNamespace::version).orElse(-1L);
    }

    @Test
    void anAnswerThatIsNewerThanAListSurvivesIt() {
        known.offer(at(7));
        known.replace(List.of(), 5);
        assertThat(version()).isEqualTo(7);
        known.replace(List.of(at(6)), 6);
        assertThat(version()).isEqualTo(7);
        known.replace(List.of(), 7);
        assertThat(version()).isEqualTo(-1);
    }

    @Test
    void anAnswerThatIsOlderThanADeletionIsRefused() {
        known.replace(List.of(at(5)), 5);
        known.remove(at(6));
        assertThat(known.offer(at(5))).isFalse();
        assertThat(version()).isEqualTo(-1);
        assertThat(known.offer(at(8))).isTrue();
        assertThat(version()).isEqualTo(8);
    }

    @Test
    void whatIsOlderChangesNothing() {
        known.replace(List.of(at(5)), 5);
        known.offer(at(8));
        known.put(at(6));
        known.remove(at(7));
        assertThat(version()).isEqualTo(8);
    }

    @Test
    void aListFromABackupCountsAlone() {
        known.replace(List.of(at(500)), 500);
        known.offer(new ApiNamespace("other", 501, ""));
        known.replace(List.of(at(3)), 4);
        assertThat(known.all()).containsExactly(at(3));
        known.put(at(5));
        assertThat(version()).isEqualTo(5);
    }
}

package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The table of differences lists only existing cases and existing tests. */
class GoldensTest {
    @ParameterizedTest
    @ValueSource(strings = {"server", "client"})
    void theTableIsTrue(String side) throws Exception {
        var cases = Goldens.cases("hbone-" + side + ".json");
        for (var line : Goldens.differences(side).entrySet()) {
            assertThat(cases).containsKey(line.getKey());
            Goldens.Difference difference = line.getValue();
            assertThat(difference.kind()).isIn("differs", "same", "other", "elsewhere");
            if (difference.kind().equals("same") || difference.kind().equals("other")) {
                String[] test = difference.ours().split("#");
                assertThat(Arrays.stream(Class.forName("io.inpod.hbone." + test[0]).getDeclaredMethods()).map(m -> m.getName()))
                        .as(line.getKey()).contains(test[1]);
            }
        }
    }
}

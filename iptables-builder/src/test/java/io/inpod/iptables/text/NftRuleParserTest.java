package io.inpod.iptables.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.Rule;
import io.inpod.iptables.Target;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Of the statements of another structure, none is taken for a part of itself, and none ends the reading of the list. */
class NftRuleParserTest {
    private static final Map<String, Object> MARK = Map.of("meta", Map.of("key", "mark"));

    static Stream<Object> others() {
        return Stream.of(Map.of("accept", "", "drop", ""), Map.of(), "accept", 7L,
                Map.of("match", Map.of("op", "==", "left", Map.of(), "right", 1L)),
                Map.of("match", Map.of("op", "==", "left", Map.of("meta", Map.of("key", "mark"), "ct", Map.of("key", "mark")), "right", 1L)),
                Map.of("match", Map.of("op", "==", "left", MARK, "right", Map.of())),
                Map.of("match", Map.of("op", "==", "left", Map.of("&", List.of(MARK, Map.of())), "right", 1L)),
                Map.of("match", Map.of("op", "==", "left", Map.of("&", List.of()), "right", 1L)));
    }

    @ParameterizedTest
    @MethodSource("others")
    void anotherStructureIsNotUnderstood(Object statement) {
        assertThat(NftRuleParser.parse(Map.of("expr", List.of(statement, Map.of("accept", ""))))).isEmpty();
        assertThat(NftRuleParser.parse(Map.of("expr", List.of(statement)))).isEmpty();
    }

    @Test
    void aStatementAloneIsItsTarget() {
        assertThat(NftRuleParser.parse(Map.of("expr", List.of(Map.of("accept", ""))))).contains(Rule.of(new Target.Accept()));
    }
}

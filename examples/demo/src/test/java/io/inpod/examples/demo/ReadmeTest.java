package io.inpod.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The README's snippets are code that tests run. */
class ReadmeTest {
    private static final Path ROOT = Path.of("../..");

    @ParameterizedTest
    @ValueSource(strings = {
        "netns-sockets/testing/src/test/java/io/inpod/netns/NettyChannelsTest.java",
        "netns-sockets/testing/src/test/java/io/inpod/netns/NetnsReadmeTest.java",
        "tproxy/src/test/java/io/inpod/tproxy/TproxyReadmeTest.java",
        "iptables-builder/src/test/java/io/inpod/iptables/IptablesReadmeTest.java",
        "hbone-codec/src/test/java/io/inpod/hbone/HboneReadmeTest.java"
    })
    void containsTheTestedSnippet(String test) throws IOException {
        String source = Files.readString(ROOT.resolve(test));
        String readme = Files.readString(ROOT.resolve("README.md"));
        int at = source.indexOf("// README: begin");
        assertThat(at).isPositive();
        for (; at >= 0; at = source.indexOf("// README: begin", at + 1)) {
            int begin = source.indexOf('\n', at) + 1;
            int end = source.lastIndexOf('\n', source.indexOf("// README: end", begin)) + 1;
            String snippet = source.substring(begin, end).stripTrailing().stripIndent();
            assertThat(readme).contains("```java\n" + snippet + "\n```");
        }
    }
}

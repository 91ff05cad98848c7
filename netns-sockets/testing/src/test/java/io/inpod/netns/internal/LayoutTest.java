package io.inpod.netns.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The oracle is a C compiler; its output is in the test resources. */
class LayoutTest {
    @ParameterizedTest
    @ValueSource(strings = {"x86_64", "aarch64"})
    void tablesMatchTheCompilers(String architecture) throws IOException {
        assertThat(tables()).containsExactlyElementsOf(resource("structs-" + architecture + ".txt").lines().toList());
    }

    @Test
    void tablesMatchThisMachinesCompiler(@TempDir Path directory) throws IOException {
        Tool.require("gcc");
        Path source = Files.writeString(directory.resolve("structs.c"), resource("structs.c"));
        Path assembly = directory.resolve("structs.s");

        try (ChildProcess gcc = ChildProcess.start(List.of("gcc", "-S", "-O1", "-o", assembly.toString(), source.toString()))) {
            assertThat(gcc.awaitExit()).isZero();
        }
        assertThat(Files.readAllLines(assembly).stream().filter(line -> line.startsWith("-> ")).map(line -> line.substring(3)))
                .containsExactlyElementsOf(tables());
    }

    @Test
    void fieldsAreReadAndWrittenWhereTheyAre() {
        ByteBuffer buffer = Native.buffer(32);
        Field first = new Field("first", 0, 1);
        Field second = new Field("second", 2, 2);
        Field third = new Field("third", 4, 4);
        Field fourth = new Field("fourth", 8, 8);

        first.put(buffer, 8, 0x1ff);
        second.put(buffer, 8, 0xfffe);
        third.put(buffer, 8, 0xfffffffdL);
        fourth.put(buffer, 8, -4);

        assertThat(first.get(buffer, 8)).isEqualTo(0xff);
        assertThat(second.get(buffer, 8)).isEqualTo(0xfffe);
        assertThat(third.get(buffer, 8)).isEqualTo(-3);
        assertThat(third.getLong(buffer, 8)).isEqualTo(0xfffffffdL);
        assertThat(fourth.getLong(buffer, 8)).isEqualTo(-4);
        assertThat(buffer.getLong(0)).isZero();
        assertThat(buffer.get(9)).isZero();
        assertThat(buffer.getLong(24)).isZero();
    }

    private static List<String> tables() {
        return Stream.of(NetlinkStructs.all(), SocketStructs.all(), PacketStructs.all()).flatMap(List::stream)
                .flatMap(struct -> Stream.concat(
                        Stream.of(struct.name() + " - 0 " + struct.size()),
                        struct.fields().stream().map(field -> struct.name() + " " + field.name() + " " + field.offset() + " " + field.size())))
                .toList();
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = LayoutTest.class.getResourceAsStream(name)) {
            assertThat(in).as(name).isNotNull();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}

package io.inpod.examples.nodeagent.files;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.inpod.examples.nodeagent.pod.AgentException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Reads and writes the files of pods. Whatever is in their place, reading it neither blocks nor takes more than a little memory. */
final class PodFiles {
    private static final int MAX_BYTES = 64 * 1024;

    private final ObjectMapper mapper = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, DeserializationFeature.FAIL_ON_TRAILING_TOKENS,
                    DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .build();

    /** Reads a file; the message of an exception says what is wrong with it, without naming it. */
    PodFile read(Path path) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        if (!attributes.isRegularFile()) {
            throw new AgentException("it is " + (attributes.isDirectory() ? "a directory" : "a pipe, socket or device")
                    + ", not a regular file");
        }
        if (attributes.size() == 0) { // also what /proc shows of its files, and reading those may block
            throw new AgentException("it is empty");
        }
        if (attributes.size() > MAX_BYTES) {
            throw new AgentException("it has " + attributes.size() + " bytes; " + MAX_BYTES + " are allowed");
        }
        byte[] content;
        try (InputStream in = Files.newInputStream(path)) {
            content = in.readNBytes(MAX_BYTES + 1);
        }
        if (content.length > MAX_BYTES) {
            throw new AgentException("it has more than " + MAX_BYTES + " bytes");
        }
        try {
            PodFile file = mapper.readValue(content, PodFile.class);
            if (file == null) {
                throw new AgentException("null is not a pod");
            }
            return file;
        } catch (UnrecognizedPropertyException e) {
            throw new AgentException("unknown key " + PodFile.quote(e.getPropertyName()) + "; known are " + e.getKnownPropertyIds(), e);
        } catch (JsonProcessingException e) {
            throw new AgentException("not the JSON object of a pod: " + e.getOriginalMessage().replaceAll("\\p{Cntrl}", "?")
                    + (e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ")"), e);
        }
    }

    /** Writes a file as a whole, or not at all. */
    void write(Path path, PodFile file) throws AgentException {
        Path temporary = path.resolveSibling("." + path.getFileName() + ".new");
        try {
            Files.deleteIfExists(temporary);
            try (FileChannel channel = FileChannel.open(temporary, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                ByteBuffer content = StandardCharsets.UTF_8.encode(mapper.writerWithDefaultPrettyPrinter().writeValueAsString(file) + "\n");
                while (content.hasRemaining()) {
                    channel.write(content);
                }
                channel.force(true);
            }
            Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            AgentException failure = new AgentException("can't write the pod's file " + path + ": " + reason(e)
                    + "; make room there, or have the agent use another directory with --pods", e);
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException left) {
                failure.addSuppressed(left);
            }
            throw failure;
        }
    }

    /** Returns the reason of a failure without the file's name. */
    static String reason(IOException failure) {
        if (failure instanceof java.nio.file.NoSuchFileException) {
            return "no such file";
        }
        if (failure instanceof java.nio.file.AccessDeniedException) {
            return "permission denied";
        }
        String reason = failure instanceof FileSystemException file ? file.getReason() : failure.getMessage();
        return reason == null ? failure.toString() : reason;
    }
}

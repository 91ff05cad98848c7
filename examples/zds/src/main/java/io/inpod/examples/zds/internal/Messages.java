package io.inpod.examples.zds.internal;

import com.google.protobuf.MessageLite;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The messages that either end sends, as packets. */
public final class Messages {
    /** The maximum size of a message: peers have no larger buffer. */
    public static final int MAX_BYTES = 1024;

    /** Leaves room for the headers of the two messages around an error's text. */
    private static final int MAX_ERROR_BYTES = 1000;

    private Messages() {}

    public static ByteBuffer hello() {
        return packet(Wire.ZdsHello.newBuilder().setVersion(Wire.Version.V1).build());
    }

    public static ByteBuffer ack() {
        return response("");
    }

    /** A refusal. The text is truncated to fit, and never empty, since an empty one means success. */
    public static ByteBuffer nack(String error) {
        return response(error.isEmpty() ? "unknown error" : cut(error));
    }

    private static ByteBuffer response(String error) {
        return packet(Wire.WorkloadResponse.newBuilder().setAck(Wire.Ack.newBuilder().setError(error)).build());
    }

    /** Truncates between characters. */
    private static String cut(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int end = Math.min(bytes.length, MAX_ERROR_BYTES);
        while (end < bytes.length && (bytes[end] & 0xc0) == 0x80) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    public static ByteBuffer add(String uid, String name, String namespace, String serviceAccount) {
        return packet(Wire.WorkloadRequest.newBuilder()
                .setAdd(Wire.AddWorkload.newBuilder()
                        .setUid(uid)
                        .setWorkloadInfo(Wire.WorkloadInfo.newBuilder()
                                .setName(name)
                                .setNamespace(namespace)
                                .setServiceAccount(serviceAccount)))
                .build());
    }

    public static ByteBuffer keep(String uid) {
        return packet(Wire.WorkloadRequest.newBuilder().setKeep(Wire.KeepWorkload.newBuilder().setUid(uid)).build());
    }

    public static ByteBuffer del(String uid) {
        return packet(Wire.WorkloadRequest.newBuilder().setDel(Wire.DelWorkload.newBuilder().setUid(uid)).build());
    }

    public static ByteBuffer snapshotSent() {
        return packet(Wire.WorkloadRequest.newBuilder().setSnapshotSent(Wire.SnapshotSent.getDefaultInstance()).build());
    }

    private static ByteBuffer packet(MessageLite message) {
        return ByteBuffer.wrap(message.toByteArray());
    }
}

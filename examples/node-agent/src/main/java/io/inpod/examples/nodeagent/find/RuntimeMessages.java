package io.inpod.examples.nodeagent.find;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The messages of the service runtime.v1.RuntimeService in Protocol Buffers, with the fields that are needed here; others are skipped.
 *
 * <p>They are read by hand. The classes that protoc generates from the cri.proto of the cluster's tests, which also start pods and run
 * programs in them, have 650 KB; these have 7 KB, and an agent that keeps its memory small needs no more.
 *
 * @see <a href="https://github.com/kubernetes/cri-api/blob/master/pkg/apis/runtime/v1/api.proto">api.proto</a>
 */
final class RuntimeMessages {
    private static final int BYTES = WireFormat.WIRETYPE_LENGTH_DELIMITED;
    private static final int NUMBER = WireFormat.WIRETYPE_VARINT;

    /** ListPodSandboxRequest {filter = 1: {state = 2: {state = 1}}} with SANDBOX_READY, the value 0, which is not written. */
    static final byte[] LIST_READY = {1 << 3 | BYTES, 2, 2 << 3 | BYTES, 0};

    /** NamespaceMode.NODE. */
    private static final int NODE = 2;

    private RuntimeMessages() {}

    /**
     * PodSandbox.
     *
     * @param id {@code id = 1}
     * @param uid {@code metadata = 2: {uid = 2}}
     * @param created {@code created_at = 4}, in nanoseconds
     */
    record Sandbox(String id, String uid, long created) {}

    /**
     * PodSandboxStatusResponse.
     *
     * @param ofTheNode {@code status = 1: {linux = 6: {namespaces = 1: {options = 2: {network = 1}}}}}: whether it is the node's network
     * @param info {@code info = 2}, what the runtime adds in a form of its own
     */
    record Status(boolean ofTheNode, Map<String, String> info) {}

    /** Returns PodSandboxStatusRequest {pod_sandbox_id = 1, verbose = 2}. */
    static byte[] statusRequest(String id) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            out.writeString(1, id);
            out.writeBool(2, true);
            out.flush();
        } catch (IOException e) {
            throw new IllegalStateException(e); // there is room in memory
        }
        return bytes.toByteArray();
    }

    /** Reads ListPodSandboxResponse {items = 1}. */
    static List<Sandbox> sandboxes(byte[] response) throws IOException {
        List<Sandbox> sandboxes = new ArrayList<>();
        for (ByteString item : each(ByteString.copyFrom(response), 1)) {
            CodedInputStream in = item.newCodedInput();
            String id = "";
            String uid = "";
            long created = 0;
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                switch (tag) {
                    case 1 << 3 | BYTES -> id = in.readStringRequireUtf8();
                    case 2 << 3 | BYTES -> uid = text(in.readBytes(), 2);
                    case 4 << 3 | NUMBER -> created = in.readInt64();
                    default -> in.skipField(tag);
                }
            }
            sandboxes.add(new Sandbox(id, uid, created));
        }
        return sandboxes;
    }

    /** Reads PodSandboxStatusResponse. */
    static Status status(byte[] response) throws IOException {
        ByteString message = ByteString.copyFrom(response);
        Map<String, String> info = new HashMap<>();
        for (ByteString entry : each(message, 2)) {
            info.put(text(entry, 1), text(entry, 2));
        }
        boolean ofTheNode = false;
        for (ByteString options : each(message, 1, 6, 1, 2)) {
            CodedInputStream in = options.newCodedInput();
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                if (tag == (1 << 3 | NUMBER)) {
                    ofTheNode = in.readEnum() == NODE;
                } else {
                    in.skipField(tag);
                }
            }
        }
        return new Status(ofTheNode, info);
    }

    private static String text(ByteString message, int field) throws IOException {
        List<ByteString> values = each(message, field);
        return values.isEmpty() ? "" : values.get(values.size() - 1).toStringUtf8();
    }

    /** Returns the values of a field, which is reached through messages. */
    private static List<ByteString> each(ByteString message, int... fields) throws IOException {
        List<ByteString> messages = List.of(message);
        for (int field : fields) {
            List<ByteString> values = new ArrayList<>();
            for (ByteString outer : messages) {
                CodedInputStream in = outer.newCodedInput();
                for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                    if (tag == (field << 3 | BYTES)) {
                        values.add(in.readBytes());
                    } else {
                        in.skipField(tag);
                    }
                }
            }
            messages = values;
        }
        return messages;
    }
}

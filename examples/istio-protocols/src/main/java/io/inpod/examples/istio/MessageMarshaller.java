package io.inpod.examples.istio;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * Protobuf messages on a gRPC stream. Their size is limited by the channel, not here.
 *
 * @param <M> the message
 */
record MessageMarshaller<M extends Message>(Parser<M> parser) implements Marshaller<M> {
    /** A message up to this length is read from an array of its own; of a longer one, there is never a second copy as a whole. */
    private static final int SHORT = 1 << 16;

    /** Otherwise, gRPC would copy each message through a buffer of 8 KB, which is new each time. */
    private static final class Bytes extends ByteArrayInputStream implements Drainable, KnownLength {
        Bytes(byte[] bytes) {
            super(bytes);
        }

        @Override
        public int drainTo(OutputStream target) throws IOException {
            return (int) transferTo(target);
        }
    }

    @Override
    public InputStream stream(M message) {
        return new Bytes(message.toByteArray());
    }

    @Override
    public M parse(InputStream stream) {
        try {
            int length = stream instanceof KnownLength ? stream.available() : Integer.MAX_VALUE;
            return length <= SHORT ? parse(stream.readNBytes(length)) : parser.parseFrom(stream);
        } catch (IOException e) {
            throw Status.INTERNAL.withDescription("not a message of the expected type: " + e.getMessage()).withCause(e)
                    .asRuntimeException();
        }
    }

    private M parse(byte[] bytes) throws IOException {
        CodedInputStream input = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
        input.enableAliasing(true); // what a resource contains is read where it is
        M message = parser.parseFrom(input);
        input.checkLastTagWas(0);
        return message;
    }
}

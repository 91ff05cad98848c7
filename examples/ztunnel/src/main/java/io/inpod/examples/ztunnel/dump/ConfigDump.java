package io.inpod.examples.ztunnel.dump;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.inpod.examples.ztunnel.admin.Answer;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.hbone.identity.CertificateStatus;
import io.inpod.examples.ztunnel.inpod.PodState;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;

/** Writes one state of the mesh, entry by entry as the client reads, so that a large mesh isn't in memory a second time. */
public final class ConfigDump implements Answer.Pieces {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int ENOUGH = 10_000;

    private final JsonGenerator json;
    private final Queue<Part<?>> parts = new ArrayDeque<>();
    private ByteBuf piece = Unpooled.EMPTY_BUFFER;

    /** Writes an entry. */
    private interface Writer<T> {
        void write(JsonGenerator json, T entry) throws IOException;
    }

    /** Entries that are written one after the other. */
    private record Part<T>(Iterator<T> entries, Writer<T> writer) {
        /** Returns whether something was written, or there was nothing left. */
        boolean writeNext(JsonGenerator json) throws IOException {
            if (!entries.hasNext()) {
                return false;
            }
            writer.write(json, entries.next());
            return true;
        }
    }

    /**
     * Creates a dump of which nothing has been written.
     *
     * @param config the configuration
     * @param mesh the mesh
     * @param certificates what is known of the certificates of the pods on this node
     * @param pods the pods on this node, with their connections
     * @throws IOException never
     */
    public ConfigDump(ProxyConfig config, Mesh mesh, List<CertificateStatus> certificates, Collection<PodState> pods)
            throws IOException {
        json = JSON.createGenerator(new OutputStream() {
            @Override
            public void write(int one) {
                piece.writeByte(one);
            }

            @Override
            public void write(byte[] bytes, int from, int length) {
                piece.writeBytes(bytes, from, length);
            }
        });
        one(JsonGenerator::writeStartObject);
        array("certificates", certificates, CertificateJson::write);
        one(out -> {
            out.writeFieldName("config");
            ConfigJson.write(out, config);
        });
        array("policies", mesh.policies(), PolicyJson::write);
        array("services", mesh.services(), (out, service) -> ServiceJson.write(out, service, mesh));
        one(out -> out.writeObjectFieldStart("stagedServices"));
        parts.add(new Part<>(mesh.missingServices().iterator(), (out, service) -> ServiceJson.writeMissing(out, service, mesh)));
        one(out -> {
            out.writeEndObject();
            out.writeObjectFieldStart("staticConfig");
        });
        Mesh configured = config.xds() == null ? mesh : Mesh.EMPTY;
        array("policies", configured.policies(), PolicyJson::write);
        array("services", configured.services(), (out, service) -> ServiceJson.writeConfigured(out, service, mesh));
        array("workloads", configured.workloads(), WorkloadJson::writeConfigured);
        one(out -> {
            out.writeEndObject();
            ConfigJson.writeVersion(out);
            out.writeObjectFieldStart("workloadState");
        });
        parts.add(new Part<>(pods.iterator(), PodJson::write));
        one(JsonGenerator::writeEndObject);
        array("workloads", mesh.workloads(), WorkloadJson::write);
        one(JsonGenerator::writeEndObject);
    }

    private interface Once {
        void write(JsonGenerator json) throws IOException;
    }

    private void one(Once once) {
        parts.add(new Part<>(List.of(once).iterator(), (out, what) -> what.write(out)));
    }

    private <T> void array(String name, Collection<T> entries, Writer<T> writer) {
        one(out -> out.writeArrayFieldStart(name));
        parts.add(new Part<>(entries.iterator(), writer));
        one(JsonGenerator::writeEndArray);
    }

    @Override
    public boolean next(ByteBuf into) throws IOException {
        piece = into;
        while (!parts.isEmpty() && into.readableBytes() < ENOUGH) {
            if (!parts.element().writeNext(json)) {
                parts.remove();
            }
            json.flush();
        }
        return !parts.isEmpty();
    }
}

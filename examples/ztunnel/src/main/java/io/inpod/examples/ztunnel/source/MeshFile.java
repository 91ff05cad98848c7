package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.io.IOException;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the local configuration of Istio's ztunnel, in YAML or JSON. Unknown keys are errors and
 * never ignored: an overlooked policy would allow what it forbids.
 */
final class MeshFile {
    static final String WORKLOADS = "workloads";
    static final String SERVICES = "services";
    static final String POLICIES = "policies";
    static final Set<String> LISTS = Set.of(WORKLOADS, SERVICES, POLICIES);

    private final String source;
    private final WorkloadReader workloadReader;
    private final ServiceReader serviceReader;
    private final MeshContents contents;

    private MeshFile(String source, ProxyConfig defaults, Interner interner, Mesh known, int expected) {
        this.source = source;
        this.contents = new MeshContents(known, expected);
        this.workloadReader = new WorkloadReader(defaults, interner);
        this.serviceReader = new ServiceReader(interner);
    }

    /**
     * Reads a mesh.
     *
     * @param source the source of the text, for errors
     * @param text the text
     * @param defaults supplies defaults
     * @param interner what makes equal values one
     * @param known the mesh that counts until now
     * @return the contents, or null if the document has none, not even an empty map
     * @throws ConfigException naming source, place and key
     */
    static @Nullable MeshContents read(String source, DocumentText text, ProxyConfig defaults, Interner interner, Mesh known)
            throws ConfigException {
        if (text.mayBeJson()) {
            try {
                return readJson(source, text, defaults, interner, known, known.size() + known.services().size());
            } catch (IOException e) {
                // It may be YAML, whose braces are like those of JSON; if it isn't, that reader says why.
            }
        }
        return readYaml(source, text, defaults, interner, known);
    }

    /** Reads a document that begins like an object of JSON, with about so many entries; throws IOException if it isn't JSON. */
    static MeshContents readJson(String source, DocumentText text, ProxyConfig defaults, Interner interner, Mesh known, int expected)
            throws ConfigException, IOException {
        MeshFile file = new MeshFile(source, defaults, interner, known, expected);
        return Objects.requireNonNull(file.finish(JsonReader.read(source, text.reader(), file::entry)));
    }

    /** Reads a document of YAML; null if it is empty. */
    static @Nullable MeshContents readYaml(String source, DocumentText text, ProxyConfig defaults, Interner interner, Mesh known)
            throws ConfigException {
        MeshFile file = new MeshFile(source, defaults, interner, known, known.size() + known.services().size());
        return file.finish(YamlReader.read(source, text.reader(), file::entry));
    }

    private @Nullable MeshContents finish(Located document) throws ConfigException {
        if (document.value() == null) {
            return null;
        }
        Node root = Node.of(source, "", document);
        root.allow(LISTS);
        for (String list : LISTS) {
            int index = 0;
            for (Node item : root.get(list).items()) { // those that weren't passed on, because aliases refer to them
                add(list, index++, item);
            }
        }
        return contents;
    }

    private void entry(String list, int index, Located item) throws ConfigException {
        if (!LISTS.contains(list)) {
            throw Node.of(source, list, item).error("unknown key");
        }
        add(list, index, Node.of(source, list + "[" + index + "]", item));
    }

    private void add(String list, int index, Node node) throws ConfigException {
        node.required();
        if (list.equals(WORKLOADS)) {
            Workload workload = workloadReader.read(node, index);
            contents.dependsOnPlaces(node.get("uid").isEmpty());
            if (!contents.add(workload)) {
                throw node.get("uid").error("there is another workload with uid " + workload.uid());
            }
        } else if (list.equals(SERVICES)) {
            Service service = serviceReader.read(node);
            if (!contents.add(service)) {
                throw node.get("hostname").error("there is another service " + service.hostname());
            }
        } else {
            Policy policy = PolicyReader.read(node);
            if (!contents.add(policy)) {
                throw node.get("name").error("there is another policy " + policy.fullName());
            }
        }
    }
}

package io.inpod.benchmarks;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.inpod.examples.istio.DiscoveryApi.Resource;
import io.inpod.examples.istio.WorkloadApi;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/**
 * What a control plane sends of a mesh in which each service has ten workloads: encoded, so that sending it costs the same however large it
 * is. It also has the pods of one node, {@code NODE-0} and so on, at 10.83.0.10 and following.
 *
 * @param workloads the number of workloads, without the node's pods
 * @param node the node's name
 * @param pods the number of its pods
 */
record MeshMessages(int workloads, String node, int pods) {
    static final String ADDRESSES = "type.googleapis.com/istio.workload.Address";
    /** Before the number in a change's nonce. */
    static final String CHANGE = "change-";
    private static final int ENDPOINTS = 10;
    private static final int NAMESPACES = 100;
    private static final int PODS_OF_NODE = 100;
    private static final int ZONES = 3;

    /** {@return everything, as one response} */
    byte[] everything() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes, 1 << 16);
        try {
            for (int i = 0; i < workloads / ENDPOINTS; i++) {
                out.writeMessage(DeltaDiscoveryResponse.RESOURCES_FIELD_NUMBER, service(i));
            }
            for (int i = 0; i < workloads; i++) {
                out.writeMessage(DeltaDiscoveryResponse.RESOURCES_FIELD_NUMBER, workload(i, 0));
            }
            out.flush();
            bytes.writeBytes(podsOfNode());
        } catch (IOException e) {
            throw new IllegalStateException("an array accepts everything", e);
        }
        return bytes.toByteArray();
    }

    /** {@return the node's pods alone} */
    byte[] podsOfNode() {
        DeltaDiscoveryResponse.Builder response = DeltaDiscoveryResponse.newBuilder().setTypeUrl(ADDRESSES).setNonce("first");
        for (int i = 0; i < pods; i++) {
            String name = node + "-" + i;
            response.addResources(of(WorkloadApi.Workload.newBuilder().setUid("cluster1//v1/Pod/default/" + name).setName(name)
                    .setNamespace("default").setServiceAccount("sa-" + name).setNode(node)
                    .addAddresses(address(10, 83 << 16 | i + 10)).setTunnelProtocol(WorkloadApi.TunnelProtocol.HBONE), "1"));
        }
        return response.build().toByteArray();
    }

    /** Returns a change of one workload, whose revision becomes another. */
    byte[] change(int number) {
        return DeltaDiscoveryResponse.newBuilder().setTypeUrl(ADDRESSES).setNonce(CHANGE + number)
                .addResources(workload((int) (number * 7919L % workloads), number)).build().toByteArray();
    }

    private Resource workload(int i, int revision) {
        int service = i / ENDPOINTS;
        String owner = "web-" + service;
        String name = owner + "-" + Integer.toHexString(service * 40_503 | 1 << 28) + "-" + Integer.toString(i + (1 << 24), 36);
        String namespace = namespace(service);
        return of(WorkloadApi.Workload.newBuilder().setUid("cluster1//Pod/" + namespace + "/" + name).setName(name).setNamespace(namespace)
                .addAddresses(address(11, i)).setTunnelProtocol(WorkloadApi.TunnelProtocol.HBONE).setServiceAccount(owner)
                .setNode("node-" + i % Math.max(1, workloads / PODS_OF_NODE)).setCanonicalName(owner).setCanonicalRevision("v" + revision)
                .setWorkloadName(owner).setWorkloadType(WorkloadApi.WorkloadType.DEPLOYMENT).setClusterId("cluster1")
                .setLocality(WorkloadApi.Locality.newBuilder().setRegion("region").setZone("zone-" + i % ZONES))
                .putServices(namespace + "/" + hostname(service), WorkloadApi.PortList.newBuilder()
                        .addPorts(WorkloadApi.Port.newBuilder().setServicePort(80).setTargetPort(8080)).build()),
                Integer.toString(revision));
    }

    private static Resource of(WorkloadApi.Workload.Builder workload, String version) {
        return resource(workload.getUid(), version, WorkloadApi.Address.newBuilder().setWorkload(workload));
    }

    private static Resource service(int i) {
        return resource(namespace(i) + "/" + hostname(i), "1", WorkloadApi.Address.newBuilder()
                .setService(WorkloadApi.Service.newBuilder().setName("web-" + i).setNamespace(namespace(i)).setHostname(hostname(i))
                        .addAddresses(WorkloadApi.NetworkAddress.newBuilder().setAddress(address(172, i)))
                        .addPorts(WorkloadApi.Port.newBuilder().setServicePort(80).setTargetPort(8080))));
    }

    private static Resource resource(String name, String version, WorkloadApi.Address.Builder address) {
        return Resource.newBuilder().setName(name).setVersion(version)
                .setResource(Any.newBuilder().setTypeUrl(ADDRESSES).setValue(address.build().toByteString())).build();
    }

    private static String namespace(int service) {
        return "namespace-" + service % NAMESPACES;
    }

    private static String hostname(int service) {
        return "web-" + service + "." + namespace(service) + ".svc.cluster.local";
    }

    private static ByteString address(int first, int i) {
        return ByteString.copyFrom(new byte[] {(byte) first, (byte) (i >> 16), (byte) (i >> 8), (byte) i});
    }
}

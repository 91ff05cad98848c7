package io.inpod.examples.ztunnel.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MeshTest {
    private static final long SEED = 18;
    private static final String[] NETWORKS = {"", "west"};
    private static final String[] NAMESPACES = {"a", "b", "c"};
    private static final int STEPS = 3000;

    private final Random random = new Random(SEED);
    private @Nullable WorkloadBuilder latest;

    private static InetAddress ip(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private <T> T one(T[] values) {
        return values[random.nextInt(values.length)];
    }

    private <T> List<T> few(Supplier<T> values) {
        return IntStream.range(0, random.nextInt(3)).mapToObj(i -> values.get()).toList();
    }

    private InetAddress address() {
        return ip((random.nextBoolean() ? "10.0.0." : "fd00::") + random.nextInt(6));
    }

    private String uid() {
        return (random.nextBoolean() ? "c//Pod/" : "x/") + random.nextInt(8);
    }

    private ServiceName serviceName() {
        return new ServiceName(one(NAMESPACES), "S" + random.nextInt(3) + ".example");
    }

    private Ports ports() {
        return new Ports(Map.of(80, 8000 + random.nextInt(3)));
    }

    private Workload workload() {
        Map<ServiceName, Ports> services = new HashMap<>();
        few(this::serviceName).forEach(name -> services.put(name, ports()));
        latest = Workload.builder(uid(), one(NAMESPACES)).name("p" + random.nextInt(3)).serviceAccount("sa" + random.nextInt(2)).network(one(NETWORKS))
                .addresses(few(this::address)).hostname(random.nextBoolean() ? "" : "H" + random.nextInt(3) + ".example").node("n" + random.nextInt(2))
                .hostNetwork(random.nextInt(4) == 0).hbone(random.nextBoolean()).services(services);
        return latest.build();
    }

    /** The same workload, found by the same keys, but for what no index has. */
    private Workload sameWorkload() {
        return latest == null ? workload() : latest.node("n" + random.nextInt(2)).hbone(random.nextBoolean()).build();
    }

    private Service service() {
        ServiceName name = serviceName();
        Map<String, Endpoint> endpoints = new HashMap<>();
        few(this::uid).forEach(uid -> endpoints.put(uid, new Endpoint(uid, ports(), random.nextBoolean())));
        return Service.builder(name.namespace(), name.hostname()).name("s").addresses(few(() -> new NetworkAddress(one(NETWORKS), address())))
                .blocks(few(() -> new NetworkBlock(one(NETWORKS), new AddressBlock(address(), random.nextInt(33))))).ports(ports()).endpoints(endpoints)
                .canonical(random.nextBoolean()).build();
    }

    private Policy policy() {
        return new Policy(one(NAMESPACES), "p" + random.nextInt(3), one(Policy.Scope.values()), one(Policy.Action.values()), random.nextBoolean(), List.of(), null);
    }

    private void change(MeshChange change) {
        switch (random.nextInt(7)) {
            case 0 -> change.put(workload());
            case 1 -> change.removeWorkload(uid());
            case 2 -> change.put(service());
            case 3 -> change.removeService(serviceName());
            case 4 -> change.put(policy());
            case 5 -> change.put(sameWorkload());
            default -> change.removePolicy(one(NAMESPACES) + "/p" + random.nextInt(3));
        }
    }

    /** Puts what a mesh has into an empty one, in another order. */
    private Mesh afresh(Mesh mesh) {
        List<Object> all = new ArrayList<>(mesh.workloads());
        all.addAll(mesh.services());
        all.addAll(mesh.policies());
        Collections.shuffle(all, random);
        MeshChange change = Mesh.EMPTY.change();
        for (Object one : all) {
            if (one instanceof Workload workload) {
                change.put(workload);
            } else if (one instanceof Service service) {
                change.put(service);
            } else {
                change.put((Policy) one);
            }
        }
        return change.build();
    }

    @Test
    void indexesDontDependOnHowTheStateCameAbout() {
        Mesh mesh = Mesh.EMPTY;
        for (int step = 0; step < STEPS; step++) {
            MeshChange change = mesh.change();
            for (int i = random.nextInt(3); i >= 0; i--) {
                change(change);
            }
            Mesh before = mesh;
            MeshIndexes frozen = step % 100 == 0 ? afresh(before).indexes() : before.indexes();
            mesh = change.build();
            assertThat(mesh.indexes()).as("step %s", step).isEqualTo(afresh(mesh).indexes());
            assertThat(before.indexes()).as("the state before step %s", step).isEqualTo(frozen);
        }
        assertThat(mesh.workloads()).isNotEmpty();
        assertThat(mesh.services()).isNotEmpty();
        assertThat(mesh.policies()).isNotEmpty();
    }

    @Test
    void lookupsFindWhatASearchOfEverythingFinds() {
        Mesh mesh = Mesh.EMPTY;
        for (int step = 0; step < STEPS; step++) {
            MeshChange change = mesh.change();
            change(change);
            mesh = change.build();
            search(mesh);
        }
    }

    private void search(Mesh mesh) {
        String network = one(NETWORKS);
        InetAddress address = address();
        List<Workload> there = mesh.workloads().stream().filter(w -> w.has(network, address) && !w.hostNetwork()).toList();
        assertThat(mesh.at(network, address).isPresent()).isEqualTo(!there.isEmpty());
        assertThat(mesh.at(network, address).stream().anyMatch(Workload::hbone)).isEqualTo(there.stream().anyMatch(Workload::hbone));
        assertThat(mesh.named("h1.Example")).containsExactlyInAnyOrderElementsOf(mesh.workloads().stream().filter(w -> w.hostname().equals("h1.example")).toList());
        assertThat(mesh.local("n1", "p1", "a", "sa1")).isEqualTo(mesh.workloads().stream().filter(
                w -> w.node().equals("n1") && w.name().equals("p1") && w.namespace().equals("a") && w.serviceAccount().equals("sa1")).min(Comparator.comparing(Workload::uid)));
        assertThat(mesh.servicesAt(network, address)).containsExactlyInAnyOrderElementsOf(
                mesh.services().stream().filter(s -> s.addresses().contains(new NetworkAddress(network, address))).toList());
        assertThat(mesh.servicesAround(network, address)).containsExactlyInAnyOrderElementsOf(mesh.services().stream()
                .flatMap(s -> s.blocks().stream().distinct().filter(b -> b.network().equals(network) && b.block().contains(address)).map(b -> new Mesh.ServiceBlock(s, b.block())))
                .toList());
        assertThat(mesh.servicesAround(network, address)).isSortedAccordingTo((a, b) -> b.block().length() - a.block().length());
        assertThat(mesh.servicesNamed("s1.EXAMPLE")).containsExactlyInAnyOrderElementsOf(
                mesh.services().stream().filter(s -> s.hostname().hostname().equals("s1.example")).toList());
        ServiceName name = serviceName();
        List<Endpoint> endpoints = new ArrayList<>();
        mesh.workloads().stream().filter(w -> w.services().containsKey(name)).forEach(w -> endpoints.add(new Endpoint(w.uid(), w.services().get(name), true)));
        mesh.service(name).ifPresent(s -> endpoints.addAll(s.endpoints().values()));
        assertThat(mesh.endpoints(name)).containsExactlyInAnyOrderElementsOf(endpoints);
        assertThat(mesh.policiesOf("a")).containsExactlyInAnyOrderElementsOf(
                mesh.policies().stream().filter(p -> p.scope() == Policy.Scope.NAMESPACE && p.namespace().equals("a")).toList());
        assertThat(mesh.globalPolicies()).containsExactlyInAnyOrderElementsOf(mesh.policies().stream().filter(p -> p.scope() == Policy.Scope.GLOBAL).toList());
    }

    /** What one of them would encrypt may not go in clear; after that, a pod counts before other workloads. */
    @Test
    void ofSeveralAtOneAddressHboneThenPodsCount() {
        List<InetAddress> address = List.of(ip("10.0.0.1"));
        Workload clear = Workload.builder("c//Pod/a", "a").addresses(address).build();
        Workload entry = Workload.builder("a", "a").addresses(address).hbone(true).build();
        Workload pod = Workload.builder("c//Pod/b", "a").addresses(address).hbone(true).build();
        Workload node = Workload.builder("c//Pod/0", "a").addresses(address).hbone(true).hostNetwork(true).build();

        Mesh mesh = Mesh.EMPTY.change().put(clear).put(node).put(entry).put(pod).build();
        assertThat(mesh.at("", ip("10.0.0.1"))).contains(pod);
        mesh = mesh.change().removeWorkload(pod.uid()).build();
        assertThat(mesh.at("", ip("10.0.0.1"))).contains(entry);
        mesh = mesh.change().removeWorkload(entry.uid()).build();
        assertThat(mesh.at("", ip("10.0.0.1"))).contains(clear);
        mesh = mesh.change().removeWorkload(clear.uid()).build();
        assertThat(mesh.at("", ip("10.0.0.1"))).isEmpty();
    }

    @Test
    void endpointsMayComeBeforeTheirServiceAndStayBehindIt() {
        ServiceName name = new ServiceName("a", "s.example");
        Workload workload = Workload.builder("u", "a").services(Map.of(name, new Ports(Map.of(80, 8080)))).build();
        Service service = Service.builder("a", "s.example").endpoints(Map.of("u", new Endpoint("u", new Ports(Map.of(80, 9090)), false))).build();
        Endpoint ofWorkload = new Endpoint("u", new Ports(Map.of(80, 8080)), true);

        Mesh staged = Mesh.EMPTY.change().put(workload).build();
        assertThat(staged.endpoints(name)).containsExactly(ofWorkload);
        Mesh both = staged.change().put(service).build();
        assertThat(both.endpoints(name)).containsExactlyInAnyOrder(ofWorkload, service.endpoints().get("u"));
        assertThat(both.change().removeService(name).build().endpoints(name)).containsExactly(ofWorkload);
        assertThat(both.change().removeWorkload("u").build().endpoints(name)).containsExactlyElementsOf(service.endpoints().values());
        assertThat(both.change().removeWorkload("u").removeService(name).build().indexes()).isEqualTo(MeshIndexes.EMPTY);
    }

    @Test
    void blocksHaveTheirBitsOnly() {
        assertThat(new AddressBlock(ip("10.1.2.3"), 8)).isEqualTo(new AddressBlock(ip("10.0.0.0"), 8));
        assertThat(new AddressBlock(ip("10.0.0.0"), 9).contains(ip("10.127.255.255"))).isTrue();
        assertThat(new AddressBlock(ip("10.0.0.0"), 9).contains(ip("10.128.0.0"))).isFalse();
        assertThat(new AddressBlock(ip("0.0.0.0"), 0).contains(ip("255.1.1.1"))).isTrue();
        assertThat(new AddressBlock(ip("0.0.0.0"), 0).contains(ip("::1"))).isFalse();
        assertThat(new AddressBlock(ip("fd00::"), 127).contains(ip("fd00::1"))).isTrue();
        assertThat(new AddressBlock(ip("fd00::"), 127).contains(ip("fd00::2"))).isFalse();
        assertThat(AddressBlock.of(ip("10.0.0.1")).contains(ip("10.0.0.0"))).isFalse();
        assertThatThrownBy(() -> new AddressBlock(ip("10.0.0.1"), 33)).isInstanceOf(IllegalArgumentException.class);
    }
}

package io.inpod.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.conditions.ArchConditions.callCodeUnitWhere;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ManualIoEventLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The permitted dependencies between modules, and calls that no library may make. */
class ArchitectureTest {
    private static final String[] NETNS_API = {"io.inpod.netns", "io.inpod.netns.error", "io.inpod.netns.socket", "io.inpod.netns.tcp", "io.inpod.netns.bpf", "io.inpod.netns.dns",
        "io.inpod.netns.unix", "io.inpod.netns.doctor", "io.inpod.netlink", "io.inpod.netlink.diag"};
    private static final String NETNS_INTERNAL = "io.inpod.netns.internal..";
    private static final String TESTING = "io.inpod.netns.testing..";
    private static final String TPROXY = "io.inpod.tproxy..";
    private static final String IPTABLES = "io.inpod.iptables..";
    private static final String HBONE = "io.inpod.hbone..";
    /** Modules of their own above hbone-codec, which doesn't import them. */
    private static final String FORWARD = "io.inpod.hbone.forward..";
    private static final String MICROMETER = "io.inpod.hbone.micrometer..";
    private static final String OPENTELEMETRY = "io.inpod.hbone.opentelemetry..";
    private static final String SPIFFE = "io.inpod.hbone.spiffe..";
    private static final String EXAMPLES = "io.inpod.examples..";
    private static final String[] NETNS = and(NETNS_API, NETNS_INTERNAL);
    private static final String[] LIBRARIES = and(NETNS, TPROXY, IPTABLES, HBONE);

    /** The types of netns-sockets that the model of rules may use without a kernel: the families. The presets may use the constants too. */
    private static final DescribedPredicate<JavaClass> FAMILIES = equivalentTo(IpFamily.class).or(equivalentTo(IpFamily[].class)).forSubtype();
    private static final DescribedPredicate<JavaClass> PRESETS = resideInAPackage("io.inpod.iptables.pod").forSubtype();

    /** The part of iptables-builder that applies rules, and so may use netns-sockets. */
    private static final DescribedPredicate<JavaClass> IPTABLES_BACK_ENDS =
            resideInAPackage("io.inpod.iptables.backend..").forSubtype();

    @Test
    void modulesDependOneWay() {
        uses(resideInAnyPackage(NETNS), NETNS);
        uses(resideInAPackage(TESTING), and(NETNS, TESTING));
        uses(resideInAPackage(TPROXY), and(NETNS_API, TPROXY));
        uses(resideInAPackage(IPTABLES), and(NETNS_API, IPTABLES));
        uses(resideInAPackage(HBONE).and(not(resideInAPackage(FORWARD))), HBONE);
        uses(resideInAPackage(MICROMETER), "io.inpod.hbone", "io.inpod.hbone.identity", MICROMETER);
        uses(resideInAPackage(OPENTELEMETRY), "io.inpod.hbone", "io.inpod.hbone.identity", OPENTELEMETRY);
        uses(resideInAPackage(SPIFFE), "io.inpod.hbone", "io.inpod.hbone.identity", SPIFFE);
        uses(resideInAPackage(FORWARD), "io.inpod.tproxy", "io.inpod.tproxy.relay", "io.inpod.hbone", "io.inpod.hbone.client", FORWARD);
    }

    @Test
    void examplesUseThePublicApi() {
        check(noClasses().that().resideInAPackage(EXAMPLES).should().dependOnClassesThat(
                resideInAnyPackage(LIBRARIES).and(resideInAPackage("..internal.."))));
        check(noClasses().that().resideInAnyPackage("io.inpod.examples.ztunnel..", "io.inpod.examples.nodeagent..", "io.inpod.examples.demo..")
                .should().dependOnClassesThat().resideInAPackage("io.inpod.examples.zds.internal.."));
    }

    @Test
    void rulesAreValuesWithoutNativeCode() {
        DescribedPredicate<JavaClass> values = resideInAnyPackage("java..", "org.jspecify..").or(FAMILIES).or(resideInAPackage(IPTABLES).and(not(IPTABLES_BACK_ENDS)));
        check(classes().that().resideInAPackage(IPTABLES).and(not(IPTABLES_BACK_ENDS)).and(not(PRESETS)).should().onlyDependOnClassesThat(values.and(not(PRESETS))));
        check(classes().that(PRESETS).should().onlyDependOnClassesThat(values.or(equivalentTo(InPodConstants.class))));
    }

    @Test
    void onlyOnePackageCallsTheKernel() throws IOException {
        for (Path file : Sources.main()) {
            if (!Sources.name(file).contains("/io/inpod/netns/internal/")) {
                assertThat(Files.readString(file)).as("%s, which may reach it by reflection", Sources.name(file)).doesNotContain("java.lang.foreign");
            }
        }
        check(noClasses().that().resideOutsideOfPackage("io.inpod.netns.internal..").should().dependOnClassesThat()
                .resideInAnyPackage("jnr..", "com.kenai..", "java.lang.foreign.."));
        check(methods().should().notHaveModifier(JavaModifier.NATIVE));
        check(noClasses().should(callCodeUnitWhere(target(owner(assignableTo(System.class).or(assignableTo(Runtime.class))))
                .and(target(nameMatching("load|loadLibrary"))))));
    }

    @Test
    void noLibraryStartsAThread() {
        // These two are exceptions: their threads come from the caller's factory.
        check(noClasses().that().resideInAnyPackage(LIBRARIES).and().doNotHaveFullyQualifiedName("io.inpod.netns.NamespaceExecutor")
                .and().doNotHaveFullyQualifiedName("io.inpod.netns.NamespaceThreads")
                .should(callCodeUnitWhere(STARTS_A_THREAD)));
        check(noClasses().that().resideInAnyPackage(LIBRARIES).should().beAssignableTo(Thread.class));
    }

    @Test
    void publicApiDoesntShowInternals() {
        check(classes().that().resideInAnyPackage(LIBRARIES).and().resideOutsideOfPackage("..internal..").and().arePublic()
                .should(new ArchCondition<>("show no internal type") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        type.getRawSuperclass().ifPresent(parent -> look(type, parent, type.getName() + " extends", events));
                        type.getRawInterfaces().forEach(parent -> look(type, parent, type.getName() + " implements", events));
                        for (JavaMember member : type.getMembers()) {
                            boolean visible = member.getModifiers().contains(JavaModifier.PUBLIC) || member.getModifiers().contains(JavaModifier.PROTECTED);
                            if (visible && !member.getModifiers().contains(JavaModifier.SYNTHETIC)) {
                                member.getAllInvolvedRawTypes().forEach(shown -> look(type, shown, member.getFullName() + " shows", events));
                            }
                        }
                    }
                }));
    }

    private static void look(JavaClass type, JavaClass shown, String how, ConditionEvents events) {
        if (shown.getBaseComponentType().getPackageName().matches("io\\.inpod\\..*internal.*")) {
            events.add(SimpleConditionEvent.violated(type, how + " " + shown.getName()));
        }
    }

    private static final DescribedPredicate<JavaAccess<?>> STARTS_A_THREAD = constructs(Thread.class)
            // A manual event loop runs on its caller's thread.
            .or(constructs(ExecutorService.class).and(not(constructs(ManualIoEventLoop.class))))
            .or(constructs(EventLoopGroup.class).and(not(constructs(ManualIoEventLoop.class)))).or(constructs(java.util.Timer.class))
            .or(calls(Thread.class, "start|startVirtualThread|ofVirtual|ofPlatform"))
            .or(calls(java.util.concurrent.Executors.class, ".*"))
            .or(calls(java.util.concurrent.ForkJoinPool.class, ".*"))
            .or(calls(CompletableFuture.class, ".*Async|orTimeout|completeOnTimeout|delayedExecutor"))
            .or(calls(java.util.Collection.class, "parallelStream"))
            .or(calls(java.util.stream.BaseStream.class, "parallel"))
            .or(calls(java.lang.ref.Cleaner.class, "create"))
            .or(calls(java.nio.channels.AsynchronousChannelGroup.class, ".*"))
            .as("start a thread");

    private static DescribedPredicate<JavaAccess<?>> constructs(Class<?> type) {
        return calls(type, "<init>");
    }

    private static DescribedPredicate<JavaAccess<?>> calls(Class<?> type, String names) {
        return target(owner(assignableTo(type))).and(target(nameMatching(names))).forSubtype();
    }

    /** Checks that the classes described by {@code who} depend on no other packages of this project. */
    private static void uses(DescribedPredicate<JavaClass> who, String... packages) {
        check(noClasses().that(who).should().dependOnClassesThat(resideInAPackage("io.inpod..").and(not(resideInAnyPackage(packages)))));
    }

    private static void check(ArchRule rule) {
        rule.check(Sources.CLASSES);
    }

    private static String[] and(String[] packages, String... more) {
        return Stream.concat(Stream.of(packages), Stream.of(more)).toArray(String[]::new);
    }
}

package io.inpod.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.Lookalikes;
import io.inpod.netns.dns.NamespaceResolver;
import io.inpod.netns.socket.NamedSocketFactory;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import org.junit.jupiter.api.Test;

/** PostgreSQL's JDBC driver takes the name of a class of socket factories, and a text for it. */
@Pods(0)
class PostgresTest {
    static Connection connect(String pod, NamespaceResolver names, Properties settings) throws IOException, SQLException {
        // docs/clients.md: begin
        String server = names.lookUp("web.test").get(0).getHostAddress(); // the driver would look it up outside
        settings.setProperty("socketFactory", NamedSocketFactory.class.getName());
        settings.setProperty("socketFactoryArg", pod); // a name that "ip netns" shows, or a path such as /proc/PID/ns/net
        Connection connection = DriverManager.getConnection("jdbc:postgresql://" + server + "/db", settings);
        // docs/clients.md: end
        return connection;
    }

    private static Properties settings() {
        Properties settings = new Properties();
        settings.setProperty("user", "inpod");
        settings.setProperty("sslmode", "disable");
        settings.setProperty("preferQueryMode", "simple"); // the test's server knows no other
        return settings;
    }

    @Test
    void eachPodAnswersItsOwnClient() throws Exception {
        try (Lookalikes lookalikes = new Lookalikes(20); Loops loops = new Loops()) {
            for (int i = 0; i < lookalikes.pods().size(); i++) {
                try (NamespaceResolver names = NamespaceResolver.open(lookalikes.pods().get(i), Lookalikes.DNS, loops.group());
                        Connection connection = connect(Lookalikes.name(i), names, settings());
                        Statement statement = connection.createStatement();
                        ResultSet rows = statement.executeQuery("SELECT name")) {
                    assertThat(rows.next()).isTrue();
                    assertThat(rows.getString(1)).isEqualTo(Lookalikes.name(i));
                }
            }
            try (NamespaceResolver names = NamespaceResolver.open(lookalikes.pods().get(0), Lookalikes.DNS, loops.group())) {
                assertThatThrownBy(() -> connect("nosuch", names, settings())).isInstanceOf(SQLException.class).hasRootCauseMessage(
                        "nosuch: no network namespace of that name in [/run/netns, /var/run/netns] (`ip netns list` shows those in the first)");
            }
        }
    }
}

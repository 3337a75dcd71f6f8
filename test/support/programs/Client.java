import java.net.URI;
import javax.net.ssl.HttpsURLConnection;

/** Calls each URL through the proxy of the system properties; one line each: status and TLS version. */
public class Client {
  public static void main(String[] urls) throws Exception {
    for (String url : urls) {
      var connection = (HttpsURLConnection) URI.create(url).toURL().openConnection();
      try {
        int status = connection.getResponseCode();
        System.out.println(status + " " + connection.getSSLSession().get().getProtocol());
      } catch (Exception error) {
        System.out.println(error);
      }
      connection.disconnect();
    }
  }
}

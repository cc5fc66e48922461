import com.nimbusds.oauth2.sdk.AccessTokenResponse;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.PKITLSClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.SelfSignedTLSClientAuthentication;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;

/** Nimbus OAuth 2.0 SDK: a certificate in place of a secret, as its documentation shows it. */
final class NimbusMutualClient {
    public static void main(String[] arguments) throws Exception {
        BufferedReader given = new BufferedReader(new InputStreamReader(System.in));
        Issuer issuer = new Issuer(given.readLine());
        ClientID clientId = new ClientID(given.readLine());
        String apiUrl = given.readLine();
        boolean isSelfSigned = given.readLine().startsWith("self_signed");
        SSLContext own = Certificates.context(given.readLine());
        SSLContext other = Certificates.context(given.readLine());

        AuthorizationServerMetadata metadata = AuthorizationServerMetadata.resolve(issuer);
        URI tokenUrl = metadata.getMtlsEndpointAliases().getTokenEndpointURI();
        SSLSocketFactory sockets = own.getSocketFactory();
        ClientAuthentication certificate =
                isSelfSigned
                        ? new SelfSignedTLSClientAuthentication(clientId, sockets)
                        : new PKITLSClientAuthentication(clientId, sockets);
        TokenResponse answer =
                TokenResponse.parse(
                        new TokenRequest.Builder(
                                        tokenUrl, certificate, new ClientCredentialsGrant())
                                .scope(new Scope("read"))
                                .build()
                                .toHTTPRequest()
                                .send());
        if (!answer.indicatesSuccess()) {
            throw new IllegalStateException(answer.toErrorResponse().getErrorObject().getCode());
        }
        AccessToken token = ((AccessTokenResponse) answer).getTokens().getAccessToken();

        System.out.println(
                token.getType()
                        + " "
                        + Certificates.call(apiUrl, token.getValue(), own)
                        + " "
                        + Certificates.call(apiUrl, token.getValue(), other));
    }
}

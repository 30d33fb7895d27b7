/// Keys that tests sign with. They open nothing.
public enum TestKeys {
    /// A private RSA key of 2,048 bits in PKCS#1, the form in which GitHub gives out an App's key.
    public static let rsa = """
        -----BEGIN RSA PRIVATE KEY-----
        MIIEowIBAAKCAQEAsWDFmpBWlRvAcAyGQc60IUxna6qPYZ6J0FfwE/D0Pb/393Ia
        b1ptvtcyIrkSuxmMNni3gOncHNyn1CX80UNA8d1cLk55nGaTsvTaA163qCNVbhkl
        IvO76KGXBVhzqrt8+LIpr9EuYA/BYpv7zUeJJ5WkpraWBiWWnCkyqNCUZVxQVkBm
        ske+xojeEqjZGhxY8UKu4jKfQc7ARZccg0VB+CrgL+T4gpkihHnXrK28WzdERNT0
        h5RNln11Jd9RUxcCC4KXeIjpRpep/w5H3DjfLPxXOK+jcE0Ebe4q7Mo1HTX0DcRM
        d3ruSzyMb6PldXNkp+DshcbrG2tbjNKF/cNOKwIDAQABAoIBABa27kcnUbchiSiw
        Kec2ebHD74CFpHvbSgmwoTFki1p3AWGiLolw+pnUQ/rXWXM1R9PX7KPpDsNxbFqK
        DNCdfK0cbEgPy5oANszVdy+0Su+QqsmBFdTegoM9YjIQjCtifBP6+MSnlHk/u0ON
        9xZoIUO88YtZ2WdrG9jem7qrjz1VeOHn1vluzg/AUF9BVYZYOGFYmEV/nW0aGXbC
        GziUudm7rnd6YaFo5Rp4jjZVHIBq6+pgJ+AT0aK4qkxbL24rw4+YRsB49QCMACO5
        qjyz9f9EnMjZJ2fMMXSMNAhMU8SzzfCe7pPKngO89kpDQSIPWu6vhykKLWOqdC8F
        l20DA0UCgYEA3lJ52BUym+LPJ0Ucvv4qRLgCcU8kJwiYT4SO7XJ/LnQNGd7Pcng2
        IlzaXTb0R8Tf/j23hfDEQ83luI6IWyULWHrYXWOjVGEAla61gewIAhrGlwPzGH7M
        rwh7rvBM5w1GB2YBGn89JMS70ozoO4UBkbB8EifDulyScbkVWpWUiZcCgYEAzD9j
        RagGV6DV0bhXUpDIEaTiDr+zpeFoY0aenLRRyLUqMt+hl45QMeEj078um9/ysY79
        hItiGO1izCHLlS7wgdqcNxmWhHxiPeIVNZHOptQ9KVo+CYyfm2y/ePdmUY3Sl08b
        seEFtmte6YZxjxYtfyRH7NmpvcSCr06ZLVc9ao0CgYB1kUXv2B3gQ8vqZ2jxM3Vk
        y642/3QN1ES/YEk5FiBdj29SK/ql/R4bg+DSBHqf7WPKjhacFRulA6AkvfMrx+Y9
        DxGWKVe5CmcFwNMpdokxm7lDKQqH/J3/PcwyUc9JLELJLM8OlRTfec4dZPh2aTrQ
        MXUbIL4nskabLxY0xf871wKBgFQu/DfFnXeYrwiVtkgtrIi5MQNrOBxy35erj8x+
        9gaHxTDaw7u3yI4GgcHQ1uEgWOOeUBfFa1Vi4onIlCSVCEQ9Wo3LWiKZMdTXzm4Z
        /tb8O4lDzLYa494n4HN3ZRDQJ7B9xqh2WuhpMOGHrF6RgYcZ6RtSS4gP6t1ew/vQ
        LVwxAoGBALX+a4qUdPzKPWIzQX7C8qDtWKgHAvyLltULeEr/DA/u5oUND59GVSh5
        riTgPGNnUO+3BG6hwAtwUTa+v+J7sLpRf+hVCTQWoxlF9MyOmNWG0b/13NOdTA7i
        JWXIQjMDVsa4tFNi8oZ7Hd5kyIbx5Rx7yD2GQQGPOtty/TlGYNJ0
        -----END RSA PRIVATE KEY-----
        """

    /// Its public half.
    public static let rsaPublic = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsWDFmpBWlRvAcAyGQc60
        IUxna6qPYZ6J0FfwE/D0Pb/393Iab1ptvtcyIrkSuxmMNni3gOncHNyn1CX80UNA
        8d1cLk55nGaTsvTaA163qCNVbhklIvO76KGXBVhzqrt8+LIpr9EuYA/BYpv7zUeJ
        J5WkpraWBiWWnCkyqNCUZVxQVkBmske+xojeEqjZGhxY8UKu4jKfQc7ARZccg0VB
        +CrgL+T4gpkihHnXrK28WzdERNT0h5RNln11Jd9RUxcCC4KXeIjpRpep/w5H3Djf
        LPxXOK+jcE0Ebe4q7Mo1HTX0DcRMd3ruSzyMb6PldXNkp+DshcbrG2tbjNKF/cNO
        KwIDAQAB
        -----END PUBLIC KEY-----
        """
}
